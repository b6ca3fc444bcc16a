/** The gateway's certificate: read at the start, and again when its file has changed. */
import { readFileSync, statSync } from "node:fs";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { Server } from "node:https";
import type { Config } from "../../../mesh/config.ts";
import { httpError } from "./http-error.ts";

/** Interval at which the files are checked: renewed certificates are there days before the old ones expire. Milliseconds. */
const LOOK_EVERY_MS = 10_000;

type Files = Pick<Config, "tlsCert" | "tlsKey">;

/** @throws one sentence that names the file which cannot be used */
export function certificate({ tlsCert = "", tlsKey = "" }: Files): SecureContextOptions {
  const options: SecureContextOptions = {
    cert: contentOf("TLS_CERT", tlsCert),
    key: contentOf("TLS_KEY", tlsKey),
    minVersion: "TLSv1.2",
  };
  try {
    createSecureContext(options);
  } catch (error) {
    throw unusable(
      `TLS_CERT (${tlsCert}) and TLS_KEY (${tlsKey}) are no certificate and its private key in PEM: ${(error as Error).message}`,
    );
  }
  return options;
}

/** Uses a renewed certificate for new connections; one that cannot be used is logged, and the old one stays. @returns a function that stops it */
export function followCertificate(server: Server, files: Files, warn: (message: string) => void): () => void {
  let known = marksOf(files);
  const timer = setInterval(() => {
    const now = marksOf(files);
    if (now === known) return;
    known = now;
    try {
      server.setSecureContext(certificate(files));
    } catch (error) {
      warn(`The renewed certificate is not used: ${(error as Error).message}`);
    }
  }, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}

const marksOf = ({ tlsCert = "", tlsKey = "" }: Files): string =>
  [tlsCert, tlsKey].map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0).join();

function contentOf(setting: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw unusable(`${setting} (${file}) cannot be read: ${(error as Error).message}`);
  }
}

const unusable = (message: string) => httpError(500, "TLS_UNUSABLE", message);
