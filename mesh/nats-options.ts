/** Connection options of NATS's client, from NATS_URL. */
import { readFileSync } from "node:fs";
import { type ConnectionOptions, nkeyAuthenticator, nkeys } from "nats";

/**
 * @param natsUrl one or more `nats://user:password@host:port` (or `tls://`), separated by commas; a single word before the
 *   @ is a token. Percent-encoding is decoded. All servers of one mesh have the same user: that of the first URL is used.
 * @param nkeyFile file with the seed of a user that the servers know by its public key (nkeys), instead of a password
 * @param caFile CA of the servers' certificates, for TLS; absent: the well-known CAs
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

/** Inbox of a user with a key, to which no other user may subscribe (`npm run mesh-keys -- compose`). */
export const inboxOf = (publicKey: string): string => `_INBOX_${publicKey}`;

/** A password may contain a % that encodes nothing. */
function decode(text = ""): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
