/** What the gateway has, for the files that it is made of. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Context, Service } from "moleculer";
import type { Caller } from "../../mesh/caller.ts";
import type { WithDirectory } from "../../federation/directory.ts";
import type { Profiles } from "../../federation/profiles.ts";
import type { PageCriteria } from "./fhir/page-criteria.ts";
import type { Answer } from "./http/answer.ts";
import type { AuditNotes } from "../../federation/audit-notes.ts";
import type { Door } from "./access/door.ts";
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
    /** Resolves when this gateway is ready: all members of the system are seen, or have been waited for. */
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
    /** Each ends what it adds to the metrics. */
    sampled?: (() => void)[];
    closed?: Promise<void>;
    meter: Meter;
    webSockets: WebSockets;
    boardStreams: BoardStreams;
    versionStreams: VersionStreams;
    presence: Presence;
    tokens: TokenCheck;
    door: Door;
    notes: AuditNotes;
    refusals: Refusals;
    /** Tells pages of owners that have gone, or are back. */
    noteOwners(): void;
    /** All that was refused until now is on record when it resolves, as far as the ledger is there. */
    noteAll(): Promise<void>;
    /** An error as who asks may see it: without what is not shown to them. @param sent what they have sent, besides the address */
    shownTo(caller: Pick<Caller, "meta">, error: unknown, sent?: string): unknown;
    /** Puts a try that was refused on record. @param caller of an entry, or of the request @param sent its text, default: the request's */
    noteRefusal(error: unknown, request: IncomingMessage, caller?: Pick<Caller, "meta" | "requestID">, sent?: string): void;
    express(): (request: IncomingMessage, response: ServerResponse) => void;
    answer(ctx: Context, request: IncomingMessage): Promise<Answer>;
  };
