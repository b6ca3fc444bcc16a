/** A NATS user for each service, identified by a key (nkeys, Ed25519), so that services share no password and each can be shut out alone. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { nkeys } from "nats";
import { inboxOf } from "../../mesh/nats-options.ts";
import { consumerName, PARTITIONS } from "../../mixins/events/stream-consumers.ts";
import { writeAtomically } from "../start/data-folder.ts";

/** The service that administers the stream of events: it creates the stream, and the consumers of services that are down. */
const KEEPER = "ledger";
const MAY_KEEP = ["STREAM.CREATE.*", "STREAM.UPDATE.*", "CONSUMER.CREATE.*.>", "CONSUMER.DURABLE.CREATE.*.*", "CONSUMER.DELETE.*.*"];
/** JetStream requests that every service may make; none of them returns an event. */
const MAY_ASK = ["STREAM.NAMES", "STREAM.INFO.*", "CONSUMER.INFO.*.*"];
/** Requests on the consumers of a service's own events (mixins/events/stream-consumers.ts), which no other service may make. */
const OWN = (consumer: string) => [
  `$JS.API.CONSUMER.CREATE.*.${consumer}`,
  `$JS.API.CONSUMER.CREATE.*.${consumer}.>`,
  `$JS.API.CONSUMER.DURABLE.CREATE.*.${consumer}`,
  `$JS.API.CONSUMER.MSG.NEXT.*.${consumer}`,
  `$JS.ACK.*.${consumer}.>`,
];
/** Moleculer's packets have two or three tokens, requests to JetStream have more; all services publish events. */
const PACKETS_AND_EVENTS = ["*.*", "*.*.*", "*.event.*.>"];
/** Only the server may publish it. */
const DISCONNECTED = "mesh.disconnect";
/** Events as they are published, and JetStream's answers under the usual name: no service may subscribe to them. */
const UNHEARD = ["*.event.>", "$JS.>", "_INBOX.>"];

/** @param others public keys of the other services' users, whose answers this one must not receive */
function permissionsOf(service: string, others: string[]): string {
  const own = Array.from({ length: PARTITIONS }, (_, partition) => OWN(consumerName(service, partition))).flat();
  const asked = [...MAY_ASK, ...(service === KEEPER ? MAY_KEEP : [])].map((name) => `$JS.API.${name}`);
  const publish = { allow: [...PACKETS_AND_EVENTS, ...asked, ...own], deny: [DISCONNECTED] };
  const subscribe = { deny: [...UNHEARD, ...others.map((key) => `${inboxOf(key)}.>`)] };
  return JSON.stringify({ publish, subscribe });
}

/** File with the seed of a service's user: NATS_NKEY_FILE of its nodes. */
const seedFile = (folder: string, service: string): string => join(folder, `${service}.nk`);
/** File with the users as a part of NATS's configuration; contains public keys only. */
const usersFile = (folder: string): string => join(folder, "nats-users.conf");

/** Creates the missing seeds, and the configuration of all users. @returns the files */
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
