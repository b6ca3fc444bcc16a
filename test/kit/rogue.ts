/**
 * A compromised node for tests: it has NATS's password, the mesh's namespace and the key file of one service, and does with them what the code of no node
 * would do.
 */
import { EventEmitter } from "node:events";
import { connect, type NatsConnection } from "nats";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import { Access, setAccess } from "../../mesh/access/access.ts";
import { nonNull } from "../../fhir/non-null.ts";
import { readConfig } from "../../mesh/config.ts";
import { connectionOptions } from "../../mesh/nats-options.ts";
import type { MeshTransporter } from "../../mesh/transporter.ts";
import { Gate } from "../../mesh/trust/gate.ts";
import { newNode, type OwnNode } from "../../mesh/trust/hello.ts";
import { caPublicFile, issueKeyFile, keyFolder, keysFromFiles, type MeshKeys } from "../../mesh/trust/key-files.ts";
import { unpack } from "../../mesh/trust/envelope.ts";
import { brokerOptions } from "../../moleculer.config.ts";
import type { Mesh } from "./mesh.ts";

/** A message that was seen. */
export interface Passed {
  topic: string;
  data: Buffer;
}

export class Rogue {
  readonly keys: MeshKeys;
  readonly own: OwnNode;
  /** All messages since it joined, newest last. */
  readonly passed: Passed[] = [];
  readonly #heard = new EventEmitter();
  readonly #gate: Gate;
  readonly #mesh: Mesh;
  readonly #client: NatsConnection;
  readonly #settings: Record<string, string>;
  readonly #brokers: ServiceBroker[] = [];

  constructor(mesh: Mesh, service: string, client: NatsConnection) {
    const folder = keyFolder(mesh.dataDir);
    const files = {
      MESH_IDENTITY_FILE: issueKeyFile(folder, { serves: [service], owns: ["Account", "Invoice"] }),
      MESH_CA_FILE: caPublicFile(folder),
    };
    this.#settings = { ...mesh.settings, ...files, NODE_ID: service };
    this.keys = keysFromFiles(files.MESH_IDENTITY_FILE, [files.MESH_CA_FILE]);
    this.own = newNode(service, this.keys.signer);
    this.#gate = new Gate(this.own, this.keys.trusted);
    this.#mesh = mesh;
    this.#client = client;
  }

  /** @param service whose key it has */
  static async join(mesh: Mesh, service: string): Promise<Rogue> {
    const client = await connect(connectionOptions(mesh.settings["NATS_URL"] ?? ""));
    const rogue = new Rogue(mesh, service, client);
    client.subscribe(">", {
      callback: (_, msg) => {
        const seen = { topic: msg.subject, data: Buffer.from(msg.data) };
        rogue.passed.push(seen);
        rogue.#heard.emit("passed", seen);
      },
    });
    await client.flush();
    return rogue;
  }

  /** A plain Moleculer node, with services of any name and stamps of its own key. */
  async node(...services: ServiceSchema[]): Promise<ServiceBroker> {
    const config = readConfig(this.#settings);
    const broker = new ServiceBroker(brokerOptions(config));
    setAccess(broker, new Access({ isOpen: false, roles: new Map(), keys: this.keys }));
    for (const schema of services) broker.createService(schema);
    this.#brokers.push(broker);
    await broker.start();
    return broker;
  }

  get #transporter(): MeshTransporter {
    return nonNull(this.#mesh.caller.transit).tx as MeshTransporter;
  }

  topic(command: string, receiver?: string): string {
    return this.#transporter.getTopicName(command, receiver);
  }

  /** Resolves with the next message on this topic. */
  next(topic: string): Promise<Passed> {
    return new Promise((resolve) => {
      const hear = (seen: Passed) => {
        if (seen.topic !== topic) return;
        this.#heard.off("passed", hear);
        resolve(seen);
      };
      this.#heard.on("passed", hear);
    });
  }

  /** The readable content of a message. */
  read({ data }: Passed): Record<string, unknown> {
    return JSON.parse(unpack(data)?.body.toString() ?? "null") as Record<string, unknown>;
  }

  /** Publishes raw bytes. Resolves when the mesh's caller has received them. */
  async publish(topic: string, data: Buffer): Promise<void> {
    this.#client.publish(topic, data);
    await this.#client.flush();
    await nonNull(this.#transporter.client).flush();
  }

  /** Sends a packet in the rogue's own envelope. @param payload may name another sender */
  async send(command: string, receiver: string | undefined, payload: object): Promise<void> {
    const topic = this.topic(command, receiver);
    await this.publish(topic, this.#gate.seal(topic, undefined, this.packet(payload)));
  }

  packet(payload: object): Buffer {
    const version = (this.#mesh.caller as unknown as { PROTOCOL_VERSION: string }).PROTOCOL_VERSION;
    return Buffer.from(JSON.stringify({ ver: version, sender: this.own.id, ...payload }));
  }

  async leave(): Promise<void> {
    await Promise.all(this.#brokers.map((broker) => broker.stop()));
    await this.#client.close();
  }
}
