/** What a part of a page shows, asked for when it appears, and again: a part whose service is down comes back by itself. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Refused } from "./api.ts";

/** A part that is not known is asked for again after so long, milliseconds. */
const AGAIN_MS = 3_000;

/** Whether something of it is not known, as a service is down. */
const isPartial = (value: unknown): boolean => (value as { isPartial?: boolean } | null | undefined)?.isPartial === true;

/** What is known. */
export interface Loaded<T> {
  /** The last that was known. */
  value?: T;
  /** When that was, milliseconds since 1970. */
  at?: number;
  /** Why it is not known now. */
  error?: Refused;
  isLoading: boolean;
  reload(): void;
}

/**
 * @param key what the answer depends on: with another one it is asked for anew
 * @param everyMs asked for again after so long, and at once when that becomes shorter; 0: only by `reload`
 * @param isOffered false: it is not asked for, as if it were refused
 */
export function useLoad<T>(key: string, read: () => Promise<T>, everyMs = 0, isOffered = true): Loaded<T> {
  const [state, setState] = useState<Omit<Loaded<T>, "reload">>({ isLoading: true });
  const [turn, setTurn] = useState(0);
  const last = useRef({ key: "", read });
  last.current.read = read;
  const every = useRef(everyMs);
  /** What is being asked for is shown when it comes, though it was wished for again meanwhile: else a busy house would never see its answer. */
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
          // A fault of a service may be gone the next time; what one may not see, or is not there, is not asked for again.
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

/** Reads again with each other `turn`: something was done that it shows. */
export function useTurn({ reload }: Pick<Loaded<unknown>, "reload">, turn: number): void {
  const last = useRef(turn);
  useEffect(() => {
    if (last.current !== turn) reload();
    last.current = turn;
  }, [turn]);
}
