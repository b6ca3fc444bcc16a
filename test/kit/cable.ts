/**
 * The cable of one machine: its connections go through here, and nothing passes while it is cut. No connection ends of that, on neither side; what was
 * sent meanwhile arrives when it is mended, as TCP has it.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A cable to a server of this machine. */
export interface Cable {
  /** Where its machine connects to. */
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
      end.on("close", () => isCut || part(ends)); // who ends it while it is cut is not heard either
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
