/** A user of NATS for each service: known by a key (NATS's nkeys, Ed25519 too), so that no two services share a password and one can be shut out. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nkeys } from "nats";
import { inboxOf } from "../../mesh/nats-options.ts";
import { consumerName, PARTITIONS } from "../../mixins/events/stream-consumers.ts";
import { writeAtomically } from "../start/data-folder.ts";

/** Keeps the stream of events for all: makes it, and the consumers of services that are down. */
const KEEPER = "ledger";
const MAY_KEEP = ["STREAM.CREATE.*", "STREAM.UPDATE.*", "CONSUMER.CREATE.*.>", "CONSUMER.DURABLE.CREATE.*.*", "CONSUMER.DELETE.*.*"];
/** What every service may ask of JetStream: nothing that an event stands in. */
const MAY_ASK = ["STREAM.NAMES", "STREAM.INFO.*", "CONSUMER.INFO.*.*"];
/** What a service may do with the consumers of its own events (mixins/events/stream-consumers.ts), and nobody else. */
const OWN = (consumer: string) => [
  `$JS.API.CONSUMER.CREATE.*.${consumer}`,
  `$JS.API.CONSUMER.CREATE.*.${consumer}.>`,
  `$JS.API.CONSUMER.DURABLE.CREATE.*.${consumer}`,
  `$JS.API.CONSUMER.MSG.NEXT.*.${consumer}`,
  `$JS.ACK.*.${consumer}.>`,
];
/** Packets of Moleculer have two or three tokens, what is asked of JetStream has more; events are written by all. */
const PACKETS_AND_EVENTS = ["*.*", "*.*.*", "*.event.*.>"];
/** Only the server says it. */
const DISCONNECTED = "mesh.disconnect";
/** Events as they are written, and answers of JetStream to who asks by the usual name: nobody listens to them. */
const UNHEARD = ["*.event.>", "$JS.>", "_INBOX.>"];

/** @param others public keys of the other services' users, whose answers this one does not hear */
function permissionsOf(service: string, others: string[]): string {
  const own = Array.from({ length: PARTITIONS }, (_, partition) => OWN(consumerName(service, partition))).flat();
  const asked = [...MAY_ASK, ...(service === KEEPER ? MAY_KEEP : [])].map((name) => `$JS.API.${name}`);
  const publish = { allow: [...PACKETS_AND_EVENTS, ...asked, ...own], deny: [DISCONNECTED] };
  const subscribe = { deny: [...UNHEARD, ...others.map((key) => `${inboxOf(key)}.>`)] };
  return JSON.stringify({ publish, subscribe });
}

/** The seed of a service's user, NATS_NKEY_FILE of its nodes. */
const seedFile = (folder: string, service: string): string => join(folder, `${service}.nk`);
/** The users as a part of NATS's configuration: public keys only. */
const usersFile = (folder: string): string => join(folder, "nats-users.conf");

/** Makes the seeds that are missing, and the configuration of all users. @returns the files */
export function ensureNatsUsers(folder: string, services: string[]): string[] {
  const keys = new Map(services.map((service) => [service, publicKeyOf(seedFile(folder, service))]));
  const users = [...keys].map(([service, key]) => {
    const others = [...keys.values()].filter((other) => other !== key);
    return `  { nkey: ${key}, permissions: ${permissionsOf(service, others)} } # ${service}`;
  });
  writeAtomically(usersFile(folder), `users: [\n${users.join("\n")}\n]\n`);
  return [usersFile(folder), ...services.map((service) => seedFile(folder, service))];
}

function publicKeyOf(file: string): string {
  if (!existsSync(file)) writeAtomically(file, Buffer.from(nkeys.createUser().getSeed()).toString());
  return nkeys.fromSeed(readFileSync(file)).getPublicKey();
}
