import type { Server } from "node:http";
import type { Context, Service, ServiceSchema } from "moleculer";
import { WithFhirDirectory, type WithDirectory } from "../../federation/directory.ts";
import { AuditNotes } from "../../federation/audit-notes.ts";
import { TalliedNotes } from "../../federation/tallied-notes.ts";
import { accessOf, asSystem, notAllowed } from "../../mesh/access/access.ts";
import type { Config } from "../../mesh/config.ts";
import { defineService } from "../../mesh/contract.ts";
import type { WithCollections } from "../../mixins/collections.ts";
import { Accounts } from "./accounts.ts";
import { join } from "node:path";
import { ROLES_CHANGED } from "../../mesh/access/changed-roles.ts";
import { isRoleOfPeople } from "../../mesh/access/identity.ts";
import { readRoles, type Role } from "../../mesh/access/roles.ts";
import { actionNames } from "./roles-now/action-names.ts";
import { roleActions } from "./roles-now/role-actions.ts";
import { RoleBook } from "./roles-now/role-book.ts";
import { RoleNews } from "./roles-now/role-news.ts";
import { administration, CLIENT_ID } from "./administration.ts";
import { IdentityCollections, type IdentityDocuments } from "./identity-data.ts";
import { type Ended, type identity, IDENTITY_ENDED } from "./identity.contract.ts";
import { patientNotFound, userNotFound } from "./identity.errors.ts";
import { addressOf, startListener, stopListener } from "./listener.ts";
import { News } from "./news.ts";
import { IdentityNode } from "./node.ts";
import { audited } from "./audited-actions.ts";
import { OperatorNotes } from "./operator-notes.ts";
import { originIn } from "./origin.ts";
import { VisiblePatients } from "./visible-patients.ts";
import { standingOf } from "./account-standing.ts";
import { sessionEntry } from "./session-entries.ts";
import { followsPractitioners } from "./practitioners.ts";
import { publicPart } from "../../mesh/signing-key.ts";
import { keysAt, renewKeys } from "./provider/signing-keys.ts";
import { scopesIn } from "./provider/granted-scopes.ts";
import { Registrations } from "./registrations.ts";
import { DemandedFactor } from "./sign-in/demanded-factor.ts";
import { Passwords } from "./sign-in/passwords.ts";
import { ID_PATTERN } from "../../fhir/ids.ts";

const FHIR_ID = { type: "string", pattern: new RegExp(`^${ID_PATTERN}$`) } as const;
/** The roles that come with the project. */
const ROLE_FILES = join(import.meta.dirname, "roles");
const SERVICES = join(import.meta.dirname, "..");
/** Interval at which it is checked whether another key signs now, milliseconds: each has a period, and files may come from another machine. */
const LOOK_AT_KEYS_MS = 10_000;

type This = Service &
  WithDirectory &
  WithCollections<IdentityDocuments> & {
    news: News;
    accounts: Accounts;
    registrations: Registrations;
    roleBook: RoleBook;
    roleNews: RoleNews;
    patients: VisiblePatients;
    notes?: AuditNotes;
    /** In a program for the operator. */
    operatorNotes?: OperatorNotes | undefined;
    /** What such programs have left. */
    leftNotes?: OperatorNotes | undefined;
    /** For sign-ins and tokens, by where they come from. */
    refusals?: TalliedNotes;
    noteEnd(accountId: string): void;
    passwords: Passwords;
    node?: IdentityNode;
    listener?: Server;
    keyTimer?: NodeJS.Timeout | undefined;
    serve(): Promise<void>;
    lookAtKeys(): void;
    tellFirstLink(): Promise<void>;
  };

/** @param listens false: for a program that works on the store and serves no requests */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the schema of a service, whose functions are measured one by one
export default (config: Config, { listens = true } = {}): ServiceSchema =>
  defineService<typeof identity, This>({
    name: "identity",
    mixins: [...(listens ? followsPractitioners() : []), IdentityCollections(), WithFhirDirectory()],
    metadata: {},

    actions: {
      keys: {
        params: { $$strict: true },
        async handler() {
          return { keys: (await keysAt(Date.now(), keyFolder(config), this.collections.keys)).keys.map(publicPart) };
        },
      },

      ...audited({
        renewKeys: {
          params: { areStolen: { type: "boolean" as const, optional: true as const }, $$strict: true as const },
          async handler(this: This, ctx: Context<{ areStolen?: boolean }>) {
            const { areStolen = false } = ctx.params;
            const keySet = await renewKeys(Date.now(), { folder: keyFolder(config), areStolen }, this.collections.keys);
            this.node?.useKeys(keySet);
            await this.news.tell({ keys: true });
            return { keys: keySet.keys.map(publicPart) };
          },
        },
      }),

      endedSince: {
        params: { at: { type: "number", integer: true, min: 0 }, $$strict: true },
        handler(ctx) {
          return this.news.since(ctx.params.at);
        },
      },

      standing: {
        params: { who: { type: "string", min: 1, max: 200 }, client: { type: "string", min: 1, max: 200, optional: true }, $$strict: true },
        handler(ctx) {
          return standingOf(this.collections, ctx.params);
        },
      },

      ...audited(administration),
      ...audited(roleActions),

      createLaunch: {
        rest: "POST",
        whoMay: "signed-in", // a person starts an app for a patient; the app sees what that person may see
        summary: "Prepare the start of an app for the patient that is open",
        params: { client: CLIENT_ID, patient: FHIR_ID, encounter: { ...FHIR_ID, optional: true }, $$strict: true },
        async handler(ctx) {
          const { sub, scope } = accessOf(this.broker).identityOf(ctx);
          if (scope !== undefined && !scopesIn(scope).includes("actions")) throw notAllowed("call identity.createLaunch");
          const account = await this.accounts.open(sub);
          if (!account) throw userNotFound(sub);
          if (!(await this.patients.has(ctx.params.patient, account))) throw patientNotFound(ctx.params.patient);
          return { launch: await this.registrations.launch(account._id, ctx.params) };
        },
      },
    },

    events: {
      [IDENTITY_ENDED](this: This, ctx: Context<Ended>) {
        this.news?.heard(ctx.params.id, ctx.params.at);
        if (ctx.params.keys) this.lookAtKeys();
      },
    },

    methods: {
      async serve(this: This): Promise<void> {
        const { collections: kept, news, accounts, passwords, patients } = this;
        const notes = this.notes as AuditNotes; // set on nodes that serve requests
        this.refusals = new TalliedNotes(notes, 1);
        const sessionEnded = (accountId: string) => this.noteEnd(accountId);
        const failed = (error: Error) => this.logger.error(`A request was not answered: ${error.message}`);
        const library = await import("oidc-provider");
        const node = new IdentityNode(
          {
            config,
            kept,
            news,
            accounts,
            passwords,
            patients,
            notes,
            refusals: this.refusals,
            sessionEnded,
            library,
            failed,
            demanded: new DemandedFactor(this.roleBook),
          },
          await keysAt(Date.now(), keyFolder(config), kept.keys),
        );
        this.node = node;
        this.keyTimer = setInterval(() => this.lookAtKeys(), LOOK_AT_KEYS_MS).unref();
        const at = { host: config.identityHost, port: config.identityPort, tlsFile: config.identityTlsFile };
        this.listener = await startListener(at, (...request) => node.answer(...request), failed);
        // Announced with the service once it has started: gateways read it.
        Object.assign(this.metadata, { auth: { url: addressOf(this.listener, at) } });
        news.watch((message) => this.logger.warn(message));
        this.roleNews.watch(
          () => this.roleBook.generation(),
          (message) => this.logger.warn(message),
        );
      },

      lookAtKeys(this: This): void {
        if (!this.node) return; // a program that works on the store
        keysAt(Date.now(), keyFolder(config), this.collections.keys).then(
          (keySet) => this.node?.useKeys(keySet),
          // The store is closed once this has stopped.
          (error: Error) => this.keyTimer && this.logger.error(`The keys that sign tokens are not seen: ${error.message}`),
        );
      },

      noteEnd(this: This, accountId: string): void {
        this.collections.accounts.findOne({ _id: accountId }).then(
          (account) => account && this.notes?.note(sessionEntry("sign-out", account)),
          (error: Error) => this.logger.warn(`An ended session is not on record: ${error.message}`),
        );
      },

      async tellFirstLink(this: This): Promise<void> {
        const first = await this.accounts.first();
        if (!first) return;
        const text = `Nobody administers this system yet. Open ${first.link} before ${first.validUntil}: who opens it first is "admin".`;
        const isQuiet = config.logLevel === "fatal" || config.logLevel === "error";
        if (config.logFormat === "json" || isQuiet) this.logger.info(text);
        else console.log(text);
      },
    },

    async started(this: This) {
      const kept = this.collections;
      const operatorNotes = config.access === "closed" ? new OperatorNotes(kept.operatorNotes) : undefined; // open: there is no ledger
      if (listens) {
        this.notes = new AuditNotes(asSystem(this.broker, "identity"), this.name, (sentence) => this.logger.warn(sentence));
        this.leftNotes = operatorNotes;
        operatorNotes?.watch(asSystem(this.broker, "identity"), this.name);
      } else this.operatorNotes = operatorNotes;
      this.passwords = new Passwords();
      this.news = new News(kept.ended, (ended) => {
        this.broker.broadcast(IDENTITY_ENDED, ended);
        if (ended.sub !== undefined) this.noteEnd(ended.sub);
      });
      this.accounts = new Accounts({ kept, news: this.news, passwords: this.passwords, origin: originIn(config) });
      this.registrations = new Registrations(kept, this.news);
      this.roleNews = new RoleNews((generation) => this.broker.broadcast(ROLES_CHANGED, { generation }));
      this.roleBook = new RoleBook({
        filed: readRoles(config.rolesDir ?? ROLE_FILES),
        changes: kept.roleChanges,
        tell: (generation) => this.roleNews.tell(generation),
        actionNames: () => {
          const members = this.directory.services().map(({ service }) => service);
          return actionNames({ broker: this.broker, folder: config.servicesDir ?? SERVICES, members, roles: rolesOfPeople(ROLE_FILES) });
        },
      });
      this.patients = new VisiblePatients(this);
      if (!listens) return;
      for (const fault of await this.roleBook.faultsOfFiles()) this.logger.warn(fault);
      await this.serve();
      await this.tellFirstLink();
    },

    async stopped(this: This) {
      clearInterval(this.keyTimer);
      this.keyTimer = undefined;
      this.news?.stop();
      this.roleNews?.stop();
      if (this.listener) await stopListener(this.listener);
      // Last, so that what was answered until now is recorded, too.
      this.refusals?.flush();
      await Promise.all([this.notes?.stop(), this.leftNotes?.stop()]);
    },
  });

const rolesOfPeople = (folder: string): Role[] => [...readRoles(folder)].flatMap(([name, role]) => (isRoleOfPeople(name) ? [role] : []));

const keyFolder = ({ identityKeys, dataDir }: Config): string => identityKeys ?? dataDir;
