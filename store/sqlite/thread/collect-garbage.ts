/** Collects garbage of large writes in the thread that makes them: V8 lets a heap grow to several times its content, and never collects in an idle thread. */
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Growth of the heap that makes a collection worth its time, bytes. */
const WORTHWHILE = 32_000_000;

let collect: (() => void) | undefined;
/** Bytes of the heap after the last collection. */
let content = getHeapStatistics().used_heap_size;

/** Collects the garbage of finished writes if there may be much. */
export function collectGarbage(): void {
  if (getHeapStatistics().used_heap_size - content < WORTHWHILE) return;
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
  content = getHeapStatistics().used_heap_size;
}
