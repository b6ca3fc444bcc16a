/** The commands of `npm run ledger`: questions to the running system, and their answers in plain text. */
import { parseArgs } from "node:util";
import type { ChainState, Look, Looks } from "../../services/ledger/ledger.contract.ts";
import { StartupError } from "../start/startup-error.ts";

const USAGE = `usage: npm run ledger -- check [--head HASH]                      verifies the audit chain
       npm run ledger -- looks --patient Patient/ID | --who Practitioner/ID | ACCOUNT [--language en|fr|ar]
       ACCOUNT is the id of an account without a Practitioner, as in AuditEvent.agent.who.identifier`;

/** Which system to ask, as whom. */
export interface Asking {
  /** The gateway's address, without a slash at the end. */
  base: string;
  /** Access token of an auditor. */
  token: string;
  say(line: string): void;
}

/** @returns whether all is well @throws StartupError with the usage, or the server's message */
export async function ledgerCommand(args: string[], asking: Asking): Promise<boolean> {
  const { positionals, values } = parsed(args);
  const [command] = positionals;
  if (command === "check") return check(asking, values.head);
  if (command === "looks" && (values.patient === undefined) !== (values.who === undefined)) {
    await looks(asking, values.patient === undefined ? "looksBy" : "looksAt", { ...values, head: undefined });
    return true;
  }
  throw new StartupError(USAGE);
}

async function check(asking: Asking, head: string | undefined): Promise<boolean> {
  const { segments, events, head: found, broken } = await ask<ChainState>(asking, "check", {});
  if (broken) {
    asking.say(
      `Segment ${broken.segment} (${broken.from} to ${broken.to}) does not match its hash: an event was changed, added or removed.`,
    );
    return false;
  }
  asking.say(`${events} events in ${segments} segments match their hashes.${found === undefined ? "" : ` Head: ${found}`}`);
  if (head === undefined || head === found) return true;
  asking.say("The head is different. If no segment was added since you stored it, the whole chain was recomputed.");
  return false;
}

async function looks(asking: Asking, action: "looksAt" | "looksBy", query: Record<string, string | undefined>): Promise<void> {
  for (let before: string | undefined; ; ) {
    const page: Looks = await ask<Looks>(asking, action, { ...query, before });
    if (before === undefined && page.looks.length === 0) asking.say("No access is on record.");
    for (const { at, says, patients } of page.looks as Look[]) asking.say([at, says, ...patients].join("  "));
    before = page.next;
    if (before === undefined) return;
  }
}

async function ask<Answer>({ base, token }: Asking, action: string, query: Record<string, string | undefined>): Promise<Answer> {
  const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const answer = await fetch(`${base}/api/ledger/${action}?${new URLSearchParams(given)}`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  const body = (await answer.json().catch(() => ({}))) as Answer & { error?: { message?: string } };
  if (!answer.ok) throw new StartupError(body.error?.message ?? `The server answers ${answer.status}.`);
  return body;
}

function parsed(args: string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({ args, allowPositionals: true, options: { head: text, patient: text, who: text, language: text } });
  } catch (error) {
    throw new StartupError(`${(error as Error).message}\n${USAGE}`);
  }
}
