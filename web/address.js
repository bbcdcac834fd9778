// Reads and writes the address of the page, and checks what the player entered.
//
// Parameters of the address: `server`, `room`, `players` and `least`; for tests and experiments also `name`, `local`,
// `policy`, `net`, `autopilot`, `hunt`, `seed`, `undrawn`, `plant` and `frames`. With `doctor` the page examines the server
// instead.

import { builtInServers } from "./consent.js";
import { rememberedName } from "./memory.js";

const DEFAULT_PORT = 3536;

// Characters of room codes: those that are easy to confuse are left out.
const LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

const isSize = (players) => Number.isInteger(players) && players >= 2 && players <= 8;

// The options of the game from the parameters of an address.
export function read(search) {
  const given = new URLSearchParams(search);
  const text = (name, otherwise = "") => given.get(name)?.trim() || otherwise;
  const number = (name, otherwise) => (given.has(name) ? Number(given.get(name)) : otherwise);
  const players = number("players", null);
  const least = number("least", null);
  const room = text("room");
  return {
    server: text("server", defaultServer()),
    room,
    name: text("name", rememberedName()),
    // Nothing for a room that is joined as it is.
    players: isSize(players) ? players : room ? null : 2,
    // With how many a match starts, once all are ready; nothing to start it when the room is full.
    least: least >= 2 && least <= players ? least : null,
    local: number("local", 1),
    policy: text("policy", "any"),
    net: text("net"),
    autopilot: given.has("autopilot"),
    hunt: given.has("hunt"),
    seed: number("seed", 1),
    undrawn: given.has("undrawn"),
    plant: text("plant"),
    frames: given.has("frames") ? number("frames") : null,
  };
}

// The server of a page whose address names none: the first one that it was built with, or else one on its own host.
export function defaultServer() {
  const builtIn = builtInServers()[0];
  if (builtIn) return builtIn;
  const host = location.hostname || "127.0.0.1";
  return location.protocol === "https:" ? `wss://${host}` : `ws://${host}:${DEFAULT_PORT}`;
}

// A random room code. Two are the same with a probability of 1 in 2^40.
export function newRoom() {
  const random = crypto.getRandomValues(new Uint8Array(8));
  return [...random].map((byte) => LETTERS[byte % LETTERS.length]).join("");
}

// The address of this page with the parameters of a room.
export function here({ server, room, players, least }) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries({ server, room, players, least })) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  return address.href;
}

// Why the game cannot run in this browser; null if it can.
export function missing() {
  if (!document.createElement("canvas").getContext("webgl2")) {
    return "This browser has no WebGL2, or it is switched off. A current Firefox, Chrome, Edge or Safari has it; if yours is one, allow graphics acceleration in its settings.";
  }
  if (typeof RTCPeerConnection !== "function") {
    return "This browser has no WebRTC, or an extension switched it off. Allow it for this page, or use another browser.";
  }
  return null;
}

// What is wrong with the address of a server; null if nothing is.
export function badServer(server) {
  let url;
  try {
    url = new URL(server);
  } catch {
    url = null;
  }
  if (!url || !["ws:", "wss:"].includes(url.protocol)) {
    return "That is not the address of a server: it should look like ws://host:port or wss://host.";
  }
  if (url.username || url.password || url.hash) {
    return "The address of a server has no user name, no password and no “#”: it should look like ws://host:port or wss://host.";
  }
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (location.protocol === "https:" && url.protocol === "ws:" && !local) {
    return "This page came over https, so the server must be a wss:// address.";
  }
  return null;
}

// The address of a server as the browser reads it: everything that uses it means the same host.
export function canonical(server) {
  return new URL(server).href.replace(/\/+$/, "");
}
