/**
 * Server-sent events with the person's token, which the browser's EventSource cannot send. A hidden page does not listen, and receives what it has missed
 * when it is shown again.
 */
import { authorization } from "./sign-in.ts";

/** Pause before reconnecting, milliseconds. */
const AGAIN_MS = 2_000;
/** Gateways send a comment every 15 seconds; after this time of silence the connection is dropped, milliseconds: a lost network does not close it. */
const SILENT_MS = 40_000;
/** Event for a listener that reconnects without a last event id. */
const ANYTHING = { isAll: true };

/** Receives each event with its data, and whether the stream is connected. */
export interface Listener {
  onEvent(event: string, data: Record<string, unknown>): void;
  onOpen(isOpen: boolean): void;
}

const until = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end); // a page may reconnect all night
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });

const seen = (): Promise<void> =>
  new Promise((resolve) => {
    if (!document.hidden) return resolve();
    document.addEventListener("visibilitychange", () => resolve(), { once: true });
  });

/** @returns a function that ends it */
export function listen(path: string, { onEvent, onOpen }: Listener): () => void {
  const end = new AbortController();
  let last = "";
  let isFirst = true;
  const take = (text: string) => {
    last = /^id: ?(.*)$/m.exec(text)?.[1] ?? last;
    const data = /^data: ?(.*)$/m.exec(text)?.[1];
    if (data !== undefined) onEvent(/^event: ?(.*)$/m.exec(text)?.[1] ?? "message", JSON.parse(data) as Record<string, unknown>);
  };
  const follow = async (signal: AbortSignal, heard: () => void) => {
    const headers = { Accept: "text/event-stream", ...(last && { "Last-Event-ID": last }), ...(await authorization()) };
    const response = await fetch(path, { headers, signal });
    if (!response.ok || !response.body) return response.status === 404 || response.status === 403; // there is no stream here
    onOpen(true);
    if (!isFirst && last === "") onEvent("", ANYTHING);
    isFirst = false;
    let rest = "";
    for await (const piece of response.body.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
      heard();
      const events = (rest + piece).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) take(event);
    }
    return false;
  };
  const run = async () => {
    while (!end.signal.aborted) {
      await seen();
      const [hidden, lost] = [new AbortController(), new AbortController()];
      const onHidden = () => document.hidden && hidden.abort();
      const onLost = () => lost.abort();
      let silence = setTimeout(onLost, SILENT_MS);
      const heard = () => {
        clearTimeout(silence);
        silence = setTimeout(onLost, SILENT_MS);
      };
      document.addEventListener("visibilitychange", onHidden);
      addEventListener("offline", onLost);
      const isGone = await follow(AbortSignal.any([end.signal, hidden.signal, lost.signal]), heard).catch(() => false);
      document.removeEventListener("visibilitychange", onHidden);
      removeEventListener("offline", onLost);
      clearTimeout(silence);
      if (!end.signal.aborted) onOpen(false);
      if (isGone) return;
      if (!hidden.signal.aborted) await until(AGAIN_MS, end.signal);
    }
  };
  run();
  return () => end.abort();
}
