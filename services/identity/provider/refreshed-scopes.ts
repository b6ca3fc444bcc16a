/**
 * The scopes of a refresh: those that were granted, or a part of them (RFC 6749, 6). An app names them as it has requested them, or a part of one
 * of them: `patient/Observation.r` of `patient/*.rs`. The provider only compares texts.
 */
import type { IncomingMessage } from "node:http";
import type { Provider } from "oidc-provider";
import { inVersion2, narrowed, scopesIn } from "./granted-scopes.ts";

/** Requests whose app wants less than was granted, with what it wants. */
const wanted = new WeakMap<IncomingMessage, string[]>();

/** A refresh as the provider is asked for it. */
interface Refresh {
  form: URLSearchParams;
  /** What the app wants, if the provider would not find it among what was granted. */
  parts?: string[];
}

/** @param form as received @returns undefined if it is no refresh that names scopes */
export async function refreshOf(provider: Provider, form: URLSearchParams): Promise<Refresh | undefined> {
  const scope = form.get("scope");
  if (form.get("grant_type") !== "refresh_token" || scope === null || form.getAll("scope").length > 1) return undefined;
  const named = new URLSearchParams(form);
  named.set("scope", inVersion2(scope));
  // If the store is not available, the provider finds so itself.
  const token = await provider.RefreshToken.find(form.get("refresh_token") ?? "", { ignoreExpiration: true }).catch(() => undefined);
  const granted = [...(token?.scopes ?? [])];
  const asked = (named.get("scope") ?? "").split(" ").filter(Boolean);
  const isNamed = asked.every((one) => granted.includes(one));
  if (isNamed || !asked.every((one) => narrowed([one], granted).includes(one))) return { form: named };
  named.delete("scope");
  return { form: named, parts: asked };
}

/** The token of this request has no more than these scopes. */
export const limitTo = (request: IncomingMessage, parts: string[]): void => void wanted.set(request, parts);

/** The scope of an access token, after what its request asks for. */
export function limitedScope(request: IncomingMessage, scope: string | undefined): string | undefined {
  const parts = wanted.get(request);
  return parts === undefined ? scope : narrowed(parts, scopesIn(scope)).join(" ");
}
