/** The proxy of docker-compose.yml in front of gateways of a test: Caddy with deploy/Caddyfile, on free ports of this machine. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ensureServerFiles } from "../../scripts/mesh-keys/server-certificates.ts";
import { freePort } from "../../scripts/servers.mjs";
import { caddy } from "./test-programs.ts";

const FILE = join(import.meta.dirname, "../../deploy/Caddyfile");
const ANSWER_MS = 20_000;

/** The answer; undefined if there was none. */
export interface ProxyAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A running proxy. */
export interface FrontProxy {
  /** URL for clients: `https://localhost:PORT`. */
  base: string;
  /** Path of the CA that has signed its certificate. */
  ca: string;
  /** Sends a request once, without retries. @param onData receives each part of the answer */
  ask(
    method: string,
    path: string,
    more?: { headers?: Record<string, string>; body?: string; onData?(part: string): void },
  ): Promise<ProxyAnswer>;
  /** Its log so far. */
  log(): string;
  stop(): Promise<void>;
}

/** A URL with a free port, as it must be known before the gateways start. */
export const proxyAddress = async (): Promise<string> => `https://localhost:${await freePort()}`;

/** @param base of `proxyAddress` @param gateways their addresses, `http://127.0.0.1:4000` @param folder for its certificate */
export async function startProxy(base: string, gateways: string[], folder: string): Promise<FrontProxy> {
  const [caFile = "", pemFile = ""] = ensureServerFiles(folder, { proxy: ["localhost", "127.0.0.1"] });
  const child = spawn(await caddy(), ["run", "--adapter", "caddyfile", "--config", FILE], {
    env: {
      HOME: folder,
      GATEWAYS: gateways.map((url) => new URL(url).host).join(" "),
      PROXY_PEM: pemFile,
      TLS_PORT: new URL(base).port,
      PORT: String(await freePort()),
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "exit");
  const lines: string[] = [];
  const reading = createInterface(child.stderr);
  const serves = new Promise<void>((resolve) => {
    reading.on("line", (line) => {
      lines.push(line);
      if (line.includes("serving initial configuration")) resolve();
    });
  });
  await Promise.race([
    serves,
    ended.then(() => {
      throw new Error(`The proxy has ended:\n${lines.join("\n")}`);
    }),
  ]);
  const ca = readFileSync(caFile, "utf8");
  const agent = new Agent({ ca, keepAlive: true });
  return {
    base,
    ca,
    log: () => lines.join("\n"),
    ask: (method, path, { headers = {}, body, onData } = {}) =>
      new Promise((resolve, reject) => {
        const sent = request(`${base}${path}`, { agent, method, headers, timeout: ANSWER_MS }, (answer) => {
          let text = "";
          answer.setEncoding("utf8");
          answer.on("data", (part: string) => {
            text += part;
            onData?.(part);
          });
          answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }));
          answer.on("error", reject);
        });
        sent.on("timeout", () => sent.destroy(new Error("No answer.")));
        sent.on("error", reject);
        sent.end(body);
      }),
    async stop() {
      agent.destroy();
      child.kill("SIGTERM");
      await ended;
    },
  };
}
