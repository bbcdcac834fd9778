// Keeps the report of a match in the storage of the tab: it is still there when the page is loaded again, also after it
// has crashed.

// Other games may have the same origin.
const KEY = `netplay-report ${location.pathname}`;

// Keeps a report, in place of the one before. Nothing is kept where the storage is switched off or full.
export function keep(report) {
  try {
    sessionStorage.setItem(KEY, report);
  } catch {
    // The report is still in the game.
  }
}

// The report that was kept last, if there is one.
export function kept() {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}
