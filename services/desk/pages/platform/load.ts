/** Loads the content of a part of a page when it appears, and again later: a part whose service was down recovers by itself. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Refused } from "./api.ts";

/** Interval of retries while content is unavailable, milliseconds. */
const AGAIN_MS = 3_000;

/** Whether a part of the content is missing, as a service is down. */
const isPartial = (value: unknown): boolean => (value as { isPartial?: boolean } | null | undefined)?.isPartial === true;

/** Loaded content. */
export interface Loaded<T> {
  /** The last content that was available. */
  value?: T;
  /** When it was loaded, milliseconds since 1970. */
  at?: number;
  /** Why the current content is unavailable. */
  error?: Refused;
  isLoading: boolean;
  reload(): void;
}

/**
 * @param key of the content: it is loaded anew when the key changes
 * @param everyMs interval of loading again, at once if it becomes shorter; 0: only by `reload`
 * @param isOffered false: it is not requested, as if it had been refused
 */
export function useLoad<T>(key: string, read: () => Promise<T>, everyMs = 0, isOffered = true): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, "reload">>({ isLoading: true });
  const [turn, setTurn] = useState(0);
  const last = useRef({ key: "", read });
  last.current.read = read;
  const every = useRef(everyMs);
  /** A request that is under way is shown even if a reload was requested meanwhile: a busy hospital would otherwise never see an answer. */
  const asking = useRef({ isUnderWay: false, isWanted: false });
  useEffect(() => {
    if (everyMs < every.current) setTurn((before) => before + 1);
    every.current = everyMs;
  }, [everyMs]);
  useEffect(() => {
    if (!isOffered) return setState({ isLoading: false, error: new Refused(403, "NOT_ALLOWED", "") });
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const isOther = last.current.key !== key;
    last.current.key = key;
    const askLater = (pauseMs: number) => {
      const { isWanted } = asking.current;
      asking.current = { isUnderWay: false, isWanted: false };
      if (isWanted) ask();
      else if (pauseMs > 0) timer = setTimeout(ask, pauseMs);
    };
    const ask = () => {
      asking.current.isUnderWay = true;
      last.current.read().then(
        (value) => {
          if (isOver) return;
          setState({ value, at: Date.now(), isLoading: false });
          askLater(isPartial(value) && !(every.current < AGAIN_MS && every.current > 0) ? AGAIN_MS : every.current);
        },
        (error: unknown) => {
          if (isOver) return;
          const refused = error instanceof Refused ? error : new Refused(500, "ours", String(error));
          if (!(error instanceof Refused)) console.error(error);
          setState((before) => ({ ...before, error: refused, isLoading: false }));
          // A service's failure may be gone the next time; what is forbidden or absent is not requested again.
          askLater(refused.isTemporary ? AGAIN_MS : refused.status >= 500 ? every.current : 0);
        },
      );
    };
    if (isOther) setState({ isLoading: true });
    ask();
    return () => {
      isOver = true;
      asking.current = { isUnderWay: false, isWanted: false };
      clearTimeout(timer);
    };
  }, [key, turn, isOffered]);
  const reload = () => {
    if (asking.current.isUnderWay) asking.current.isWanted = true;
    else setTurn((before) => before + 1);
  };
  return { ...state, reload };
}

/** Reloads when `turn` changes: something was done that it shows. */
export function useTurn({ reload }: Pick<Loaded<unknown>, "reload">, turn: number | string): void {
  const last = useRef(turn);
  useEffect(() => {
    if (last.current !== turn) reload();
    last.current = turn;
  }, [turn]);
}
