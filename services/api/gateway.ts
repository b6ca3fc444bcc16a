/** The state of the gateway, as shared by its files. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Context, Service } from "moleculer";
import type { Caller } from "../../mesh/caller.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import type { Profiles } from "../../federation/profiles.ts";
import type { PageCriteria } from "./fhir/page-criteria.ts";
import type { Answer } from "./http/answer.ts";
import type { AuditNotes } from "../../federation/audit-notes.ts";
import type { Authentication } from "./access/authentication.ts";
import type { Refusals } from "./access/refusals.ts";
import type { TokenCheck } from "./access/tokens.ts";
import type { AnswerSizes } from "./http/answer-sizes.ts";
import type { Connections } from "./http/connections.ts";
import type { BoardStreams } from "./http/board-streams.ts";
import type { Presence } from "./http/presence.ts";
import type { VersionStreams } from "./http/version-streams.ts";
import type { InFlight } from "./http/in-flight.ts";
import type { LargeReads } from "./http/large-reads.ts";
import type { OwnName } from "./http/own-name.ts";
import type { Reclaim } from "./http/reclaim.ts";
import type { WebSockets } from "./http/websockets.ts";
import type { WorkGate } from "./http/work-gate.ts";
import type { Meter } from "./console/meter.ts";

/** The gateway as its parts see it. */
export type Gateway = Service &
  WithDirectory & {
    server: Server | null;
    http?: Server;
    profiles: Profiles;
    isReady: boolean;
    /** Resolves when this gateway is ready: all members of the system are seen, or the wait for them has ended. */
    complete: Promise<void>;
    isLeaving: boolean;
    inFlight: InFlight;
    connections: Connections;
    gate: WorkGate;
    largeReads: LargeReads;
    reclaim: Reclaim;
    sizes: AnswerSizes;
    criteria: PageCriteria;
    own: OwnName;
    /** Functions that end what was added to the metrics. */
    sampled?: (() => void)[];
    closed?: Promise<void>;
    meter: Meter;
    webSockets: WebSockets;
    boardStreams: BoardStreams;
    versionStreams: VersionStreams;
    presence: Presence;
    tokens: TokenCheck;
    authentication: Authentication;
    notes: AuditNotes;
    refusals: Refusals;
    /** Notifies pages about owners that have gone, or are back. */
    noteOwners(): void;
    /** Once it resolves, everything refused so far is in the audit log, if the ledger is available. */
    noteAll(): Promise<void>;
    /** An error as the caller may see it. @param sent what the caller has sent, besides the URL */
    shownTo(caller: Pick<Caller, "meta">, error: unknown, sent?: string): unknown;
    /** Records a refused attempt. @param caller of an entry, or of the request @param sent its text, default: the request's */
    noteRefusal(error: unknown, request: IncomingMessage, caller?: Pick<Caller, "meta" | "requestID">, sent?: string): void;
    express(): (request: IncomingMessage, response: ServerResponse) => void;
    answer(ctx: Context, request: IncomingMessage): Promise<Answer>;
  };
