/** The pages of `desk`, under `/desk/`: the gateway asks any node of `desk` for each file, and has none itself. */
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { Context } from "moleculer";
import { directoryOf } from "../../federation/directory.ts";
import { serviceDown } from "../../federation/errors.ts";
import { endpointsOf } from "../../mesh/moleculer.ts";
import { desk, Packing, type PageFile } from "../desk/desk.contract.ts";
import type { Answer } from "./http/answer.ts";
import { httpError } from "./http/http-error.ts";
import { pagePolicy } from "./http/page-policy.ts";

/** For files whose name contains a hash of their content. */
const FOR_EVER = "public, max-age=31536000, immutable";

/** Scripts and styles of the pages. */
const FILES = ["/desk/f/"];

/** Limit of nodes asked for a file that the first does not have, which bounds the cost of a wrong address. */
const MAX_ASKED = 4;

/**
 * @param path behind `/desk`
 * @param hosts under which a browser may know this server, with port
 * @throws 404 for an unknown file, or if the system has no `desk`; 503 SERVICE_DOWN
 */
export async function deskAnswer(ctx: Context, request: IncomingMessage, path: string, hosts: string[]): Promise<Answer> {
  const actions = ctx.broker.registry.actions.get(desk.file.action) as { hasAvailable(): boolean } | undefined;
  if (!actions?.hasAvailable()) throw directoryOf(ctx.broker).isDown("desk") ? serviceDown("desk") : noPage();
  if (path === "") return { status: 308, headers: { Location: "/desk/" } };
  const accepted = request.headers["accept-encoding"]?.toString() ?? "";
  const packing = /\bbr\b/.test(accepted) ? Packing.br : Packing.gzip;
  const file = await fileOf(ctx, { path, packing });
  if (!file) throw noPage();
  const headers = {
    "Content-Type": file.type,
    "Cache-Control": file.isImmutable ? FOR_EVER : "no-cache",
    ETag: file.etag,
    ...(file.type.startsWith("text/html") && { "Content-Security-Policy": pagePolicy({ scripts: FILES, styles: FILES }, hosts) }),
  };
  if (request.headers["if-none-match"]?.includes(file.etag)) return { status: 304, headers };
  const bytes = Buffer.from(file.base64, "base64");
  if (packing === Packing.gzip && !/\bgzip\b/.test(accepted)) return { status: 200, headers, bytes: await promisify(gunzip)(bytes) };
  return { status: 200, headers: { ...headers, "Content-Encoding": packing }, bytes };
}

/** Asks any node, and then the others: a page and its files may come from nodes of different versions. */
async function fileOf(ctx: Context, asked: { path: string; packing: Packing }): Promise<PageFile | null> {
  const found = await desk.file(ctx, asked);
  if (found || !FILES.some((folder) => `/desk${asked.path}`.startsWith(folder))) return found;
  for (const { id, isAvailable } of endpointsOf(ctx.broker, desk.file.action).slice(0, MAX_ASKED)) {
    const other = isAvailable ? await desk.file(ctx, asked, { nodeID: id }) : null;
    if (other) return other;
  }
  return null;
}

const noPage = () => httpError(404, "NOT_FOUND", "There is no such page. The pages begin at /desk/, where this system has them.");
