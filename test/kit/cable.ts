/**
 * The network cable of one machine: its connections go through here, and nothing passes while it is cut. Connections stay open on both sides; data sent
 * meanwhile arrive when it is mended, as with TCP.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A cable to a server of this machine. */
export interface Cable {
  /** Port to which the machine connects. */
  port: number;
  cut(): void;
  mend(): void;
  remove(): void;
}

/** One connection: the machine's end and the server's. */
type Ends = readonly [near: Socket, far: Socket];

/** @param to port of the server */
export async function cableTo(to: number): Promise<Cable> {
  let isCut = false;
  let waiting: Socket[] = [];
  const connections = new Set<Ends>();
  const join = (near: Socket) => {
    const ends: Ends = [near, connect(to, "127.0.0.1")];
    connections.add(ends);
    for (const end of ends) {
      end.on("error", () => {});
      end.on("close", () => isCut || part(ends)); // closing is not noticed while it is cut
    }
    pass(ends);
  };
  const pass = ([near, far]: Ends) => near.pipe(far).pipe(near);
  const part = (ends: Ends) => {
    connections.delete(ends);
    for (const end of ends) end.destroy();
  };
  const server = createServer((near) => {
    if (isCut) waiting.push(near.on("error", () => {}));
    else join(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true;
      for (const ends of connections) for (const end of ends) end.unpipe().pause();
    },
    mend() {
      isCut = false;
      for (const ends of connections) {
        if (ends.some(({ destroyed }) => destroyed)) part(ends);
        else pass(ends);
      }
      for (const near of waiting) if (!near.destroyed) join(near);
      waiting = [];
    },
    remove() {
      for (const ends of connections) part(ends);
      for (const near of waiting) near.destroy();
      server.close();
    },
  };
}
