/** A user of NATS for each service: known by a key (NATS's nkeys, Ed25519 too), so that no two services share a password and one can be shut out. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nkeys } from "nats";
import { writeAtomically } from "../start/data-folder.ts";

/** What only the server says, and what no node does: to delete what the stream keeps for others. */
const DENIED = ["mesh.disconnect", "$JS.API.STREAM.DELETE.>", "$JS.API.STREAM.PURGE.>", "$JS.API.STREAM.MSG.DELETE.>"];
const PERMISSIONS = `{ publish: { deny: ${JSON.stringify(DENIED)} } }`;

/** The seed of a service's user, NATS_NKEY_FILE of its nodes. */
export const seedFile = (folder: string, service: string): string => join(folder, `${service}.nk`);
/** The users as a part of NATS's configuration: public keys only. */
export const usersFile = (folder: string): string => join(folder, "nats-users.conf");

/** Makes the seeds that are missing, and the configuration of all users. @returns the files */
export function ensureNatsUsers(folder: string, services: string[]): string[] {
  const users = services.map(
    (service) => `  { nkey: ${publicKeyOf(seedFile(folder, service))}, permissions: ${PERMISSIONS} } # ${service}`,
  );
  writeAtomically(usersFile(folder), `users: [\n${users.join("\n")}\n]\n`);
  return [usersFile(folder), ...services.map((service) => seedFile(folder, service))];
}

function publicKeyOf(file: string): string {
  if (!existsSync(file)) writeAtomically(file, Buffer.from(nkeys.createUser().getSeed()).toString());
  return nkeys.fromSeed(readFileSync(file)).getPublicKey();
}
