/** Warns about a certificate that is about to expire, at the start and each day. */
import type { ServiceBroker } from "moleculer";
import type { Certificate } from "./certificate.ts";
import { RENEWAL_MS } from "./key-files.ts";

const DAY_MS = 86_400_000;

/** A sentence with the end of a certificate; undefined if it is far away. */
export function renewalSentence({ until, serial }: Pick<Certificate, "until" | "serial">, now = Date.now()): string | undefined {
  if (until - now > RENEWAL_MS) return undefined;
  const end = new Date(until).toISOString().slice(0, 10);
  return `The certificate of this node (${serial}) is good until ${end} only: give it a new one (npm run mesh-keys), and start it again.`;
}

/** Warns while the broker runs. */
export function watchRenewal(broker: ServiceBroker, certificate: Certificate): void {
  const speak = () => {
    const sentence = renewalSentence(certificate);
    if (sentence) broker.logger.warn(sentence);
  };
  speak();
  const timer = setInterval(speak, DAY_MS).unref();
  broker.localBus.once("$broker.stopped", () => clearInterval(timer));
}
