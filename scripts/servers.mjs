/**
 * Starts the servers of a mesh on one machine (NATS, Redis, MongoDB's stand-in) on free ports of the loopback address,
 * each ready when its promise resolves. They end with this process, but for `kill -9`. Plain JavaScript without
 * packages, on Node 20 and later.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join, resolve as resolvePath } from "node:path";
import { mongoStandIn, natsServer, redisServer } from "./programs.mjs";

export { mongoStandIn, natsServer, redisServer };

const READY_MS = 20_000; // a busy machine; the servers themselves need 10 to 500 ms
const STOP_MS = 5_000; // then SIGKILL
const POLL_MS = 15;
const LOG_LINES = 30;
/** NATS logs this once when it could not write to a stream. */
const STREAM_BROKEN = /JetStream stream .* critical write error/;
/** Bytes that JetStream may keep; the stream of events takes half of it at most (mixins/events). */
const MAX_EVENTS_BYTES = 2_000_000_000;

/**
 * A running server.
 * @typedef {object} Server
 * @property {string} url with user and password, for clients of this machine
 * @property {number} port
 * @property {number} pid
 * @property {Promise<void>} exited resolves when the process is gone, by whatever cause
 * @property {() => Promise<void>} stop asks it to end and waits; the data stays in its folder
 * @property {() => Promise<void>} kill ends it at once (SIGKILL)
 */

/**
 * Where a server stands among those of its cluster.
 * @typedef {object} Member
 * @property {string} name of the server
 * @property {number} port on which the others reach it
 * @property {number[]} others ports of the others
 */

/**
 * NATS with two accounts: the mesh's, and the system's, whose announcements of closed connections the mesh gets as
 * `mesh.disconnect`; and JetStream, whose stream of events is on the disk before it is confirmed. User and password are made once per folder, so that a restarted server knows its clients.
 * @param {{ dir: string, port?: number, maxPayload?: number, passwords?: string, member?: Member }} options
 *   dir: for its files, which others cannot read; port: 0 (default) is a free one; maxPayload: bytes, default 1 MB;
 *   passwords: the file with them, default one in `dir`
 * @returns {Promise<Server & { broken: Promise<void> }>} `broken` resolves when it could not write to a stream, as on a full disk: it then
 *   takes no more events until it is restarted, even if there is room again. The events that it had taken are kept.
 */
export async function startNats({ dir, port = 0, maxPayload = 1_048_576, passwords, member }) {
  const program = await natsServer();
  const folder = resolvePath(dir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const login = credentials(passwords ?? join(folder, "nats.passwords.json"));
  const config = join(folder, "nats.conf");
  writeFileSync(config, natsConfig(folder, login, { port, maxPayload, member }), { mode: 0o600 });
  // On one machine with the services: on two cores, one thread does a message in two thirds of the CPU time that several take,
  // which keep waking each other.
  const server = launch("nats-server", program, ["-c", config], { GOMAXPROCS: process.env.GOMAXPROCS ?? "1" });
  const broken = server.says(STREAM_BROKEN);
  const portsFile = join(folder, `nats-server_${server.pid}.ports`);
  try {
    const actual = await firstAnswer(server, () => portIn(portsFile));
    rmSync(portsFile, { force: true });
    return { ...(await ready(server, actual, `nats://mesh:${login.mesh}@127.0.0.1:${actual}`)), broken };
  } catch (error) {
    await server.kill();
    throw error;
  }
}

/**
 * Three servers of one cluster, of which one may be lost.
 * @param {{ dir: string }} options for their files
 * @returns {Promise<{ servers: Server[], again(index: number): Promise<Server> }>} again: starts one that has ended, on its port and data
 */
export async function startNatsCluster({ dir }) {
  const folder = resolvePath(dir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const passwords = join(folder, "nats.passwords.json");
  // All at once: a server that chose its own port could take the one that is meant for a route.
  const [routes, ports] = await freePorts(6).then((all) => [all.slice(0, 3), all.slice(3)]);
  const start = (/** @type {number} */ index, port = 0) => {
    const others = routes.filter((_, other) => other !== index);
    const member = { name: `nats-${index + 1}`, port: routes[index] ?? 0, others };
    return startNats({ dir: join(folder, member.name), port, passwords, member });
  };
  const servers = await Promise.all(routes.map((_, index) => start(index, ports[index])));
  return {
    servers,
    async again(index) {
      const server = await start(index, servers[index]?.port);
      servers[index] = server;
      return server;
    },
  };
}

/**
 * Passwords are hexadecimal and begin with a letter: nothing in them has a meaning in NATS's file format.
 * @param {string} folder
 * @param {{ mesh: string, system: string }} login
 * @param {{ port: number, maxPayload: number, member: Member | undefined }} options
 */
function natsConfig(folder, { mesh, system }, { port, maxPayload, member }) {
  return `host: "127.0.0.1"
port: ${port === 0 ? -1 : port}
ports_file_dir: ${JSON.stringify(folder)}
max_payload: ${maxPayload}
${member ? clusterConfig(member, mesh) : ""}jetstream {
  store_dir: ${JSON.stringify(join(folder, "jetstream"))}
  max_file_store: ${MAX_EVENTS_BYTES}
  sync_interval: always
}
system_account: SYS
accounts {
  SYS {
    users: [ { user: system, password: ${system} } ]
    exports: [ { stream: "$SYS.ACCOUNT.*.DISCONNECT", account_token_position: 3 } ]
  }
  MESH {
    jetstream: enabled
    # Only the server says whose connection is closed.
    users: [ { user: mesh, password: ${mesh}, permissions: { publish: { deny: "mesh.disconnect" } } } ]
    imports: [ { stream: { account: SYS, subject: "$SYS.ACCOUNT.MESH.DISCONNECT" }, to: "mesh.disconnect" } ]
  }
}
`;
}

/** @param {Member} member @param {string} password */
function clusterConfig({ name, port, others }, password) {
  return `server_name: ${name}
cluster {
  name: mesh
  host: "127.0.0.1"
  port: ${port}
  authorization { user: route, password: ${password} }
  routes: [ ${others.map((other) => `nats://route:${password}@127.0.0.1:${other}`).join(", ")} ]
}
`;
}

/**
 * @param {{ dir: string, port?: number }} options dir: for its files; port: 0 (default) is a free one
 * @returns {Promise<Server>}
 */
export async function startRedis({ dir, port = 0 }) {
  const program = await redisServer();
  mkdirSync(dir, { recursive: true });
  return onFreePort(port, async (chosen) => {
    const args = ["--bind", "127.0.0.1", "--port", `${chosen}`, "--dir", resolvePath(dir), "--save", "", "--appendonly", "no"];
    const server = launch("redis-server", program, args);
    await firstAnswer(server, () => /Ready to accept connections/.test(server.log()) || undefined).catch(orKill(server));
    return ready(server, chosen, `redis://127.0.0.1:${chosen}`);
  });
}

/**
 * MongoDB's stand-in, with every commit on the disk before it is confirmed. As MongoDB does, it keeps the transaction of a client that was
 * killed open for a minute after its last command, with all that was written in it: `store/mongo/open-sessions.ts` ends it sooner.
 * @param {{ dir: string, port?: number, options?: string[] }} options dir: for its data; port: 0 (default) is a free one; options: more of its command line
 * @returns {Promise<Server>}
 */
export async function startMongo({ dir, port = 0, options = [] }) {
  const program = await mongoStandIn();
  mkdirSync(dir, { recursive: true });
  const own = ["--host", "127.0.0.1", "--port", `${port}`, "--storage-path", resolvePath(dir), "--sync-on-commit", "--cache-size", "512M"];
  const server = launch("secantusd-py", program, [...own, ...options], { PYTHONUNBUFFERED: "1" });
  const heard = () => Number(/listening on 127\.0\.0\.1:(\d+)/.exec(server.log())?.[1]) || undefined;
  const actual = await firstAnswer(server, heard).catch(orKill(server));
  return ready(server, actual, `mongodb://127.0.0.1:${actual}/?directConnection=true`);
}

/** A TCP port that was free a moment ago. @returns {Promise<number>} */
export const freePort = async () => (await freePorts(1))[0] ?? 0;

/**
 * Different ports, each free at this moment.
 * @param {number} count
 * @returns {Promise<number[]>}
 */
async function freePorts(count) {
  const probes = await Promise.all(
    Array.from({ length: count }, () => {
      const probe = createServer();
      return /** @type {Promise<typeof probe>} */ (
        new Promise((resolve, reject) => {
          probe.on("error", reject);
          probe.listen(0, "127.0.0.1", () => resolve(probe));
        })
      );
    }),
  );
  const addresses = probes.map((probe) => probe.address());
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  return addresses.map((address) => (typeof address === "object" && address ? address.port : 0));
}

/**
 * For a server that cannot choose a port itself: another process may take the free one first, so it is tried thrice.
 * @template T
 * @param {number} port
 * @param {(port: number) => Promise<T>} start
 */
export async function onFreePort(port, start) {
  if (port !== 0) return start(port);
  for (let left = 2; ; left--) {
    try {
      return await start(await freePort());
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * @param {string} name for messages
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env] added to this process's
 */
function launch(name, program, args, env = {}) {
  // A process group of its own: Ctrl-C on the terminal must reach the mesh first, and the servers last.
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
  running.add(child);
  /** @type {string[]} */
  let lines = [];
  /** @type {{ pattern: RegExp, resolve: () => void }[]} */
  const awaited = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk) => {
      for (const { pattern, resolve } of awaited) if (pattern.test(chunk)) resolve();
      lines = [...lines, ...chunk.split("\n")].filter(Boolean).slice(-LOG_LINES);
    });
  }
  let isGone = false;
  /** @type {Promise<void>} */
  const exited = new Promise((resolve) => {
    const gone = () => {
      isGone = true;
      running.delete(child);
      resolve();
    };
    child.on("exit", gone);
    child.on("error", (error) => {
      lines.push(error.message);
      gone();
    });
  });
  const end = async (/** @type {NodeJS.Signals} */ signal) => {
    if (!isGone) child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
    await exited;
    clearTimeout(timer);
  };
  /** @type {(pattern: RegExp) => Promise<void>} */
  const says = (pattern) => new Promise((resolve) => awaited.push({ pattern, resolve }));
  return { name, pid: child.pid ?? 0, says, log: () => lines.join("\n"), isGone: () => isGone, exited, end, kill: () => end("SIGKILL") };
}

/** A program that `launch` has started. @typedef {ReturnType<typeof launch>} Launched */

/**
 * @template T
 * @param {Launched} launched
 * @param {() => T | undefined} answer
 * @returns {Promise<T>} the first answer; an error if the server ends before
 */
async function firstAnswer(launched, answer) {
  const { name, isGone, log } = launched;
  const last = Date.now() + READY_MS;
  while (Date.now() < last && !isGone()) {
    const found = answer();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const fault = isGone() ? "ended instead of starting" : `was not ready after ${READY_MS / 1000} s`;
  throw new Error(`${name} ${fault}: ${log() || "it said nothing"}`);
}

/**
 * @param {Launched} launched
 * @param {number} port
 * @param {string} url
 * @returns {Promise<Server>} once the port answers
 */
async function ready({ name, pid, isGone, log, exited, end, kill }, port, url) {
  const last = Date.now() + READY_MS;
  while (!isGone() && !(await answers(port))) {
    if (Date.now() > last) throw new Error(`${name} does not answer on port ${port}: ${log()}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  if (isGone()) throw new Error(`${name} ended instead of starting: ${log()}`);
  return { url, port, pid, exited, stop: () => end("SIGTERM"), kill };
}

/** @param {{ kill(): Promise<void> }} server @returns {(error: unknown) => Promise<never>} */
function orKill(server) {
  return async (error) => {
    await server.kill();
    throw error;
  };
}

/** @param {number} port @returns {Promise<boolean>} */
function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const done = (/** @type {boolean} */ value) => {
      socket.destroy();
      resolve(value);
    };
    socket.on("connect", () => done(true)).on("error", () => done(false));
  });
}

/** The port in the file that NATS writes when it listens; undefined before. @param {string} file */
function portIn(file) {
  try {
    return Number(/127\.0\.0\.1:(\d+)/.exec(readFileSync(file, "utf8"))?.[1]) || undefined;
  } catch {
    return undefined;
  }
}

/**
 * The passwords kept in a file that only its owner reads; made on first use.
 * @param {string} file
 * @returns {{ mesh: string, system: string }}
 */
function credentials(file) {
  const made = { mesh: `m${randomBytes(24).toString("hex")}`, system: `s${randomBytes(24).toString("hex")}` };
  try {
    writeFileSync(file, JSON.stringify(made), { mode: 0o600, flag: "wx" });
    return made;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    return JSON.parse(readFileSync(file, "utf8"));
  }
}
