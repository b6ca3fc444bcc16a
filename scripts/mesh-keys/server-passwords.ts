/** Passwords by which servers of a mesh know their users and each other, each in a file. What is there is kept: to change one, remove its file. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically } from "../start/data-folder.ts";

/** Servers of the NATS cluster, and the port on which they reach each other. */
const [NATS_SERVERS, NATS_ROUTE_PORT] = [["nats-1", "nats-2", "nats-3"], 6222];
/** Who makes MongoDB's other users, backs up and restores. */
const MONGO_OPERATOR = "openward";

/** A file that holds one password. */
const passwordFile = (folder: string, user: string): string => join(folder, `${user}.password`);

/** Makes what is missing. @returns the files */
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

/** A letter comes first and no other signs than letters and digits: they stand in addresses and in files that give other signs a meaning. */
function passwordIn(file: string): string {
  if (!existsSync(file)) writeAtomically(file, `m${randomBytes(24).toString("hex")}`);
  return readFileSync(file, "utf8");
}
