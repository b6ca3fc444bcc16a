/** Passwords of the servers' users, and of the servers for each other, each in a file. Existing ones are kept: to change one, remove its file. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically } from "../start/data-folder.ts";

/** Servers of the NATS cluster, and the port on which they reach each other. */
const [NATS_SERVERS, NATS_ROUTE_PORT] = [["nats-1", "nats-2", "nats-3"], 6222];
/** The MongoDB user that creates the other users, backs up and restores. */
const MONGO_OPERATOR = "openward";

/** A file with one password. */
const passwordFile = (folder: string, user: string): string => join(folder, `${user}.password`);

/** Creates the missing passwords. @returns the files */
export function ensurePasswords(folder: string, services: string[]): string[] {
  const mongoUsers = Object.fromEntries(
    [MONGO_OPERATOR, ...services].map((user) => [user, passwordIn(passwordFile(folder, `mongo-${user}`))]),
  );
  const route = passwordIn(passwordFile(folder, "nats-route"));
  const routes = NATS_SERVERS.map((server) => `nats-route://route:${route}@${server}:${NATS_ROUTE_PORT}`);
  const made: Record<string, string> = {
    "mongo-users.json": JSON.stringify(mongoUsers),
    "mongo-member.key": passwordIn(passwordFile(folder, "mongo-member")),
    "nats-cluster.conf": `authorization { user: route, password: ${route} }\nroutes: ${JSON.stringify(routes)}\n`,
    "redis-user.conf": `requirepass ${passwordIn(passwordFile(folder, "redis"))}\n`,
  };
  for (const [name, text] of Object.entries(made)) writeAtomically(join(folder, name), text);
  const pageKey = join(folder, "page.key");
  if (!existsSync(pageKey)) writeAtomically(pageKey, randomBytes(32).toString("hex"));
  const passwords = ["redis", ...services.map((service) => `mongo-${service}`)].map((user) => passwordFile(folder, user));
  return [pageKey, ...passwords, ...Object.keys(made).map((name) => join(folder, name))];
}

/** Begins with a letter and contains letters and digits only: it is part of URLs and of files in which other characters have a meaning. */
function passwordIn(file: string): string {
  if (!existsSync(file)) writeAtomically(file, `m${randomBytes(24).toString("hex")}`);
  return readFileSync(file, "utf8");
}
