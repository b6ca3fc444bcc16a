/** TLS in front of a server without it: the Redis packages of the registries are built without TLS. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { createServer, type SecureVersion } from "node:tls";

/** Whether a Redis or Valkey was built with TLS. */
export const knowsTls = (program: string): boolean =>
  // Without a certificate both kinds end at once, with an error message.
  !/connection type tls/i.test(spawnSync(program, ["--port", "0", "--tls-port", "1"], { encoding: "utf8" }).stdout);

/**
 * Uses the certificate and versions in Redis's configuration, on a port of its own.
 * @param configuration text of a redis.conf
 * @param to the port of the server behind it
 * @returns a function that ends it
 */
export async function tlsFront(configuration: string, port: number, to: number): Promise<() => void> {
  const named = (name: string) => new RegExp(`^${name} "?([^"\n]*)`, "m").exec(configuration)?.[1] ?? "";
  const server = createServer(
    {
      cert: readFileSync(named("tls-cert-file")),
      key: readFileSync(named("tls-key-file")),
      minVersion: named("tls-protocols").split(" ")[0] as SecureVersion,
    },
    (client) => {
      const behind = connect(to, "127.0.0.1");
      client.pipe(behind).pipe(client);
      for (const [one, other] of [
        [client, behind],
        [behind, client],
      ] as const) {
        one.on("error", () => other.destroy()).on("close", () => other.destroy());
      }
    },
  );
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return () => server.close();
}
