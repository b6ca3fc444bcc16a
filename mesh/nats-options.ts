/** What NATS's client needs to know, from the text of NATS_URL. */
import { readFileSync } from "node:fs";
import { type ConnectionOptions, nkeyAuthenticator, nkeys } from "nats";

/**
 * @param natsUrl one or more `nats://user:password@host:port` (or `tls://`), separated by commas; a lone word before the
 *   @ is a token. Percent-encoding is decoded. All servers of one mesh have the same user: the first one given counts.
 * @param nkeyFile holds the seed of a user that the servers know by its public key (nkeys), in place of a password
 * @param caFile by whose CA the servers prove themselves, where they are reached by TLS; absent: any known one
 */
export function connectionOptions(natsUrl: string, nkeyFile?: string, caFile?: string): ConnectionOptions {
  const urls = natsUrl.split(",").map((text) => new URL(text.trim()));
  const login = urls.find((url) => url.username !== "");
  const [user, pass] = [decode(login?.username), decode(login?.password)];
  return {
    servers: urls.map((url) => `${url.hostname}:${url.port || "4222"}`),
    ...(nkeyFile !== undefined && {
      authenticator: nkeyAuthenticator(() => readFileSync(nkeyFile)),
      inboxPrefix: inboxOf(nkeys.fromSeed(readFileSync(nkeyFile)).getPublicKey()),
    }),
    ...(user && pass ? { user, pass } : user && { token: user }),
    ...(urls.some((url) => url.protocol === "tls:") && { tls: { ...(caFile !== undefined && { caFile }) } }),
  };
}

/** Where a user that is known by its key hears answers of the server; no other may listen there (`npm run mesh-keys -- compose`). */
export const inboxOf = (publicKey: string): string => `_INBOX_${publicKey}`;

/** A password may hold a % that encodes nothing. */
function decode(text = ""): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
