// Asks the player before the page connects to a server that only its address names: a link can name any server.
//
// The page connects without a question to servers on its own host, and to those that its HTML names when it is built:
//
//     <meta name="netplay-servers" content="wss://eu.example.org wss://us.example.org" />
//
// The answer is kept for the tab. It is no secret: it has only the addresses of servers.

const AGREED = "netplay-servers";

// The servers that the page was built with.
export function builtInServers() {
  const named = document.querySelector('meta[name="netplay-servers"]')?.content ?? "";
  return named.split(/\s+/).filter((server) => {
    if (server && !URL.canParse(server)) console.error(`netplay-servers: “${server}” is not like wss://play.example.org`);
    return URL.canParse(server);
  });
}

// Whether the page may connect to a server: true at once for a server that it knows, else what the player answers.
// Until then nothing is sent to it, and its name is not looked up. Throws where the text is no address.
export async function mayConnect(server) {
  const url = new URL(server);
  const known = [...builtInServers().map((known) => new URL(known).origin), ...agreed()];
  if (isOnOwnHost(url) || known.includes(url.origin)) return true;
  const connects = await ask(url);
  if (connects) attempt(() => sessionStorage.setItem(AGREED, JSON.stringify([...agreed(), url.origin])));
  return connects;
}

// A page from this machine may use every server on this machine. For any other page, they are foreign.
function isOnOwnHost({ hostname }) {
  return hostname === location.hostname || (isLoopback(hostname) && isLoopback(location.hostname));
}

// Addresses are in the form that browsers give them: 127.1 is 127.0.0.1.
function isLoopback(hostname) {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

// The servers to which the player has agreed in this tab.
function agreed() {
  const kept = attempt(() => JSON.parse(sessionStorage.getItem(AGREED)));
  return Array.isArray(kept) ? kept : [];
}

// Shows the question. The answer is no where the player presses Escape.
function ask(url) {
  const dialog = element("dialog", { id: "consent" });
  dialog.setAttribute("aria-labelledby", "consent-title");
  dialog.setAttribute("aria-describedby", "consent-server consent-text");
  // In the form of DNS, not of Unicode: an international name is shown as its punycode (`xn--…`), so that no letter
  // looks like another and none changes the direction of the text.
  const host = element("strong", { id: "consent-server", textContent: url.host, dir: "ltr" });
  const text =
    "It is not one of this page's own. If you connect, the server, the STUN and TURN servers that it names, and the " +
    "players in the room learn your IP address.";
  const answer = (value, label) => {
    const button = element("button", { type: "button", textContent: label });
    button.addEventListener("click", () => dialog.close(value));
    return button;
  };
  const answers = element("div", { id: "consent-answers" });
  // The first has the focus: a key that is still held from before does not agree.
  answers.append(answer("refuse", "Do not connect"), answer("connect", "Connect"));
  const title = element("h2", { id: "consent-title", textContent: "Connect to this server?" });
  dialog.append(title, host, element("p", { id: "consent-text", textContent: text }), answers);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "connect");
    });
  });
}

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}

// Calls a function that uses the storage. Returns null where the storage is switched off: then nothing is kept, and
// the player is asked each time.
function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}
