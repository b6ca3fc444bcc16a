/** Watches the process that started this one (scripts/keep.mjs), by a socket that both hold. */
import { Socket } from "node:net";

/**
 * @param fd of the socket
 * @param signalled called when the parent passes on a signal
 * @param gone called when the parent has ended
 */
export function followParent(fd: number, signalled: () => void, gone: () => void): void {
  const socket = new Socket({ fd, readable: true, writable: true });
  socket.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString().split("\n")) if (line === "signal") signalled();
  });
  socket.on("error", () => {}); // its end follows
  socket.once("close", gone);
  socket.unref();
  socket.write("up\n");
}
