/** What a page shows is read again when the gateway says that it has new versions. */
import { useEffect, useRef, useState } from "preact/hooks";
import { listen } from "./stream.ts";

/** News that come within this of the last are taken together, milliseconds: a busy house changes a list several times a second. */
const TOGETHER_MS = 250;
/** Asked for so often all the same, milliseconds: where events tell of changes, and where there are none. */
const [WITH_EVENTS_MS, WITHOUT_EVENTS_MS] = [30_000, 5_000];

/** What may have changed. */
export interface News {
  /** All of it; else what is of these types. */
  isAll: boolean;
  types: ReadonlySet<string>;
}

/** Somebody else who has the same record open. */
export interface Other {
  name: string;
  roles: string[];
}

/** What one who listens knows. */
export interface Live {
  /** Whether changes are told as they happen. */
  isLive: boolean;
  /** How often to ask all the same, milliseconds. */
  everyMs: number;
  /** Who else has this record open. */
  others: Other[];
}

/**
 * @param query what to listen to, as of `/api/events`: `patient=Patient/1`, `types=Observation`; with another one anew
 * @param togetherMs what comes within this of the last is told together; the first of them at once
 */
export function useNews(query: string, onNews: (news: News) => void, togetherMs = TOGETHER_MS): Live {
  // Until it is known whether events arrive, nothing is asked for oftener: what a page begins with would be asked for twice.
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
