// The invitation of a room: what a player sends to the others, as a text and as a QR code.
//
// A page in a frame of another site does not know the address that its players see, and often gets no query from it.
// Its HTML names that address when it is built:
//
//     <meta name="netplay-invite" content="https://me.itch.io/my-game" />
//
// `{room}`, `{server}` and `{players}` in it stand for those of the room, where the site passes its query on to the page.
// An address without `{room}` is shown beside the code of the room, which the others type. Where there is none, the
// invitation is the address of the page itself, with the room in its query.

// The modules of light around a QR code, without which many readers do not find it.
const QUIET_ZONE = 4;

const SVG = "http://www.w3.org/2000/svg";

const element = (id) => document.getElementById(id);

// The link that invites to a room, and what a player must type besides: a list of names and values.
export function invitation({ server, room, players, least }, defaultServer) {
  const address = namedAddress();
  if (!address) return { link: ownAddress({ server, room, players, least }), typed: [] };
  // A room with a lobby says itself how many play, and with how many it starts.
  const values = { server, room, players: (!least && players) || "" };
  const link = address.replace(/\{(server|room|players)\}/g, (_, name) => encodeURIComponent(values[name]));
  const typed = [];
  if (!address.includes("{room}")) typed.push(["Room", room]);
  if (!address.includes("{server}") && server !== defaultServer) typed.push(["Server", server]);
  return { link, typed };
}

// The address that the page was built with, if any.
function namedAddress() {
  const address = document.querySelector('meta[name="netplay-invite"]')?.content.trim() ?? "";
  if (!address || /^https?:\/\/./i.test(address)) return address;
  console.error(`netplay-invite: “${address}” is not like https://example.org/game`);
  return "";
}

function ownAddress(room) {
  const link = new URL(location.href);
  link.search = "";
  link.hash = "";
  for (const [name, value] of Object.entries(room)) if (value) link.searchParams.set(name, value);
  return link.href;
}

// Writes the invitation into the page. `qr` makes the modules of a QR code (`examples/runner/src/page/qr.rs`).
export function showInvitation({ link, typed }, qr) {
  element("link").textContent = link;
  const lines = typed.map(([name, value]) => {
    const line = document.createElement("p");
    const output = Object.assign(document.createElement("output"), { textContent: value });
    line.append(`${name}: `, output);
    return line;
  });
  element("typed").replaceChildren(...lines);
  element("qr-typed").replaceChildren(...lines.map((line) => line.cloneNode(true)));
  element("share").hidden = !navigator.canShare?.(shared());
  try {
    element("qr-code").replaceChildren(drawn(qr(link)));
    element("show-qr").hidden = false;
  } catch (error) {
    // A link that is too long for one.
    console.info(`no QR code: ${error}`);
    element("show-qr").hidden = true;
  }
}

// The invitation is of no use any more.
export function closeInvitation() {
  element("qr").close();
}

// A QR code as an image: dark on light, whatever the colours of the page are.
function drawn(modules) {
  const side = Math.sqrt(modules.length);
  const whole = side + 2 * QUIET_ZONE;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${whole} ${whole}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "QR code of the link");
  // Without this there are seams between the modules.
  svg.setAttribute("shape-rendering", "crispEdges");
  const light = document.createElementNS(SVG, "rect");
  light.setAttribute("width", whole);
  light.setAttribute("height", whole);
  light.setAttribute("fill", "#fff");
  const dark = document.createElementNS(SVG, "path");
  let path = "";
  modules.forEach((isDark, at) => {
    if (isDark) path += `M${(at % side) + QUIET_ZONE} ${Math.floor(at / side) + QUIET_ZONE}h1v1h-1z`;
  });
  dark.setAttribute("d", path);
  dark.setAttribute("fill", "#000");
  svg.append(light, dark);
  return svg;
}

// What is sent besides the link: nothing where the link says it all.
function typedText() {
  return [...element("typed").children].map((line) => line.textContent).join("\n");
}

function shared() {
  const text = typedText();
  return { title: document.title, url: element("link").textContent, ...(text && { text }) };
}

// Copies the invitation. Where the page may not (a frame needs its site's permission), the older way is tried, which
// needs none; in any case the text is selected then, for the player to copy.
async function copy() {
  const text = [element("link").textContent, typedText()].filter(Boolean).join("\n");
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    getSelection().selectAllChildren(element("invitation"));
    if (document.execCommand("copy")) return "Copied";
    return matchMedia("(pointer: coarse)").matches ? "Selected" : "Press Ctrl+C";
  }
}

async function copyAndSay() {
  element("copy").textContent = await copy();
  setTimeout(() => (element("copy").textContent = "Copy"), 2000);
}

element("copy").addEventListener("click", copyAndSay);
element("share").addEventListener("click", async () => {
  try {
    await navigator.share(shared());
  } catch (error) {
    // The player closed it; or the site of the frame does not allow it.
    if (error.name !== "AbortError") await copyAndSay();
  }
});
element("show-qr").addEventListener("click", () => element("qr").showModal());
element("close-qr").addEventListener("click", closeInvitation);
