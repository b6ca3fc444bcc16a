/** Reads content of a page again when the gateway notifies of new versions. */
import { useEffect, useRef, useState } from "preact/hooks";
import { listen } from "./stream.ts";

/** Notifications within this time are handled together, milliseconds: a busy hospital changes a list several times a second. */
const TOGETHER_MS = 250;
/** Intervals of reading without notifications, milliseconds: with an event stream, and without. */
const [WITH_EVENTS_MS, WITHOUT_EVENTS_MS] = [30_000, 5_000];

/** What may have changed. */
export interface News {
  /** Everything; otherwise resources of these types. */
  isAll: boolean;
  types: ReadonlySet<string>;
}

/** Another person who has the same record open. */
export interface Other {
  name: string;
  roles: string[];
}

/** State of a subscription to notifications. */
export interface Live {
  /** Whether notifications arrive. */
  isLive: boolean;
  /** Interval of reading without notifications, milliseconds. */
  everyMs: number;
  /** Who else has this record open. */
  others: Other[];
}

/**
 * @param query of `/api/events`: `patient=Patient/1`, `types=Observation`; a change subscribes anew
 * @param togetherMs notifications within this time after the last are passed on together; the first one at once
 */
export function useNews(query: string, onNews: (news: News) => void, togetherMs = TOGETHER_MS): Live {
  // Until it is known whether events arrive, the longer interval applies: the initial content would be read twice.
  const [isLive, setLive] = useState<boolean | undefined>();
  const [others, setOthers] = useState<Other[]>([]);
  const last = useRef(onNews);
  last.current = onNews;
  useEffect(() => {
    const types = new Set<string>();
    let isAll = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let toldAt = Number.NEGATIVE_INFINITY;
    const tell = () => {
      timer = undefined;
      toldAt = performance.now();
      const news = { isAll, types: new Set(types) };
      types.clear();
      isAll = false;
      last.current(news);
    };
    const end = listen(`/api/events?${query}`, {
      onOpen: (isOpen) => {
        setLive(isOpen);
        if (!isOpen) setOthers([]);
      },
      onEvent: (event, data) => {
        if (event === "presence") return setOthers(data["people"] as Other[]);
        for (const type of (data["types"] as string[] | undefined) ?? []) types.add(type);
        isAll ||= data["isAll"] === true;
        timer ??= setTimeout(tell, Math.max(0, toldAt + togetherMs - performance.now()));
      },
    });
    return () => {
      end();
      clearTimeout(timer);
    };
  }, [query]);
  return { isLive: isLive === true, everyMs: isLive === false ? WITHOUT_EVENTS_MS : WITH_EVENTS_MS, others };
}
