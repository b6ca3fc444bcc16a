/** The gateway's HTTP server: how it begins and ends to listen. */
import type { Server } from "node:http";
import type { Config } from "../../../mixins/config.ts";

/** Requests in flight at a stop get this long to finish. Milliseconds. */
const DRAIN = 10_000;

/** @throws the system's error (EADDRINUSE, EACCES, …) */
export async function listen(server: Server, { port, host }: Config): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Takes no new connection, lets what runs finish, then closes. */
export async function shut(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const idle = setInterval(() => server.closeIdleConnections(), 50); // keep-alive connections fall idle one by one
  const force = setTimeout(() => server.closeAllConnections(), DRAIN);
  await closed;
  clearInterval(idle);
  clearTimeout(force);
}
