// What the manager says by itself (server-sent events): what is shown of it is asked for again, but not more often than people can read.
import type { Query } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { call, client, endsSession, looks, sessionEnded } from './api';

/** What each kind of event makes old. tests/check_web.py compares the kinds with those that the manager publishes. */
const touched: Record<string, RegExp> = {
  system: /^GET \/(systems|tickets|certificate-requests|system-counts|folders|certificates|roots|waiting|preregistrations|scans|overview)/,
  job: /^GET \/(jobs|about|overview)/,
  ticket: /^GET \/(tickets|overview|systems(\/\{id\})?$)/,
  campaign: /^GET \/(campaigns|overview)/,
  channel: /^GET \/notification/,
  scan: /^GET \/(scans|waiting)/,
  arrival: /^GET \/(waiting|preregistrations|overview)/,
  request: /^GET \/(certificate-requests|overview)/,
  folder: /^GET \/(folders|exceptions|systems|system-counts|overview)/,
  policy: /./,
  reload: /./,
};
/** A list with more pages than this is long: its pages are asked for one behind the other. */
const longest = 10;
/** Milliseconds: between two rounds, between two rounds of a long list, before a lost connection is spoken of, between attempts to connect. */
const pause = 1_500;
const longPause = 15_000;
const silence = 3_000;
/** Milliseconds within which an event is taken for that of the page's own look. */
const echo = 1_500;
const attempts = { first: 1_000, last: 15_000 };

const isLong = (query: Query) => ((query.state.data as { pages?: unknown[] } | undefined)?.pages?.length ?? 0) > longest;
const isOld = (query: Query, kinds: string[]) => {
  const operation = String(query.queryKey[0]);
  return !looks.test(operation) && kinds.some((kind) => touched[kind].test(operation));
};

/** Of looks it is only noted that they are old: asking for one again is a look, whose event would lead to the next. */
function noteOldLooks(kind: string, id: number) {
  for (const query of client.getQueryCache().findAll({ predicate: ({ queryKey }) => looks.test(String(queryKey[0])) && touched[kind].test(String(queryKey[0])) })) {
    const { params } = query.queryKey[1] as { params: { id: string | number } };
    const own = query.state.fetchStatus !== 'idle' || Date.now() - query.state.dataUpdatedAt < echo;
    if (!own && (kind !== 'system' || String(params.id) === String(id))) query.invalidate();
  }
}

/** Asks again for what the events touched. */
function renewal() {
  const waiting = new Set<string>();
  const waitingLong = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let longTimer: ReturnType<typeof setTimeout> | undefined;
  const taken = (set: Set<string>) => {
    const kinds = [...set];
    set.clear();
    return kinds;
  };
  const renewLong = async () => {
    const kinds = taken(waitingLong);
    await client.invalidateQueries({ predicate: (query) => isLong(query) && isOld(query, kinds) }, { cancelRefetch: false });
    longTimer = setTimeout(() => {
      longTimer = undefined;
      if (waitingLong.size > 0) longTimer = setTimeout(() => void renewLong());
    }, longPause);
  };
  const renew = () => {
    timer = undefined;
    const kinds = taken(waiting);
    void client.invalidateQueries({ predicate: (query) => !isLong(query) && isOld(query, kinds) });
    for (const kind of kinds) waitingLong.add(kind);
    longTimer ??= setTimeout(() => void renewLong());
  };
  return {
    heard: (kind: string, id: number) => {
      noteOldLooks(kind, id);
      waiting.add(kind);
      timer ??= setTimeout(renew, pause);
    },
    stop: () => {
      clearTimeout(timer);
      clearTimeout(longTimer);
    },
  };
}

/** Listens while it is mounted. The answer: since when nothing is heard (milliseconds since 1970), or undefined while it is live. */
export function useLive(): number | undefined {
  const [since, setSince] = useState<number>();
  useEffect(() => {
    const { heard, stop } = renewal();
    let events: EventSource | undefined;
    let lost: number | undefined;
    let told: ReturnType<typeof setTimeout> | undefined;
    let next: ReturnType<typeof setTimeout> | undefined;
    let wait = attempts.first;
    let over = false;
    const connect = () => {
      if (over) return;
      events = new EventSource('/api/v1/events');
      events.onopen = () => {
        wait = attempts.first;
        if (lost === undefined) return;
        lost = undefined;
        clearTimeout(told);
        setSince(undefined);
        // What happened meanwhile is told to nobody.
        void client.invalidateQueries();
      };
      // The browser would try again after some failures only; and none of them says that the session is over.
      events.onerror = again;
      for (const kind of Object.keys(touched)) events.addEventListener(kind, (event) => heard(kind, Number(JSON.parse((event as MessageEvent<string>).data).id)));
    };
    const again = () => {
      events?.close();
      if (over) return;
      if (lost === undefined) {
        const at = Date.now();
        lost = at;
        told = setTimeout(() => setSince(at), silence);
      }
      next = setTimeout(() => {
        call('GET /session').then(connect, (error: unknown) => {
          if (over) return;
          if (endsSession(error)) sessionEnded.dispatchEvent(new Event('ended'));
          else again();
        });
      }, wait);
      wait = Math.min(wait * 2, attempts.last);
    };
    connect();
    return () => {
      over = true;
      events?.close();
      stop();
      clearTimeout(told);
      clearTimeout(next);
    };
  }, []);
  return since;
}
