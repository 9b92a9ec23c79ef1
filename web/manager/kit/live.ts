// What the manager says by itself (server-sent events): what is shown of it is asked for again, but not more often than people can read.
import { useEffect } from 'react';
import { client } from './api';

const touched: Record<string, RegExp> = {
  system: /^GET \/(systems|tickets|certificate-requests|system-counts|folders|certificates|roots|waiting|preregistrations|scans|overview)/,
  job: /^GET \/(jobs|about|overview)/,
  ticket: /^GET \/(tickets|overview|systems$)/,
  campaign: /^GET \/(campaigns|overview)/,
  channel: /^GET \/notification/,
  policy: /./,
  reload: /./,
};
const pause = 1_500;

export function useLive() {
  useEffect(() => {
    const waiting = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const renew = () => {
      timer = undefined;
      const kinds = [...waiting];
      waiting.clear();
      void client.invalidateQueries({ predicate: (query) => kinds.some((kind) => touched[kind].test(String(query.queryKey[0]))) });
    };
    const events = new EventSource('/api/v1/events');
    for (const kind of Object.keys(touched)) {
      events.addEventListener(kind, () => {
        waiting.add(kind);
        timer ??= setTimeout(renew, pause);
      });
    }
    return () => {
      events.close();
      clearTimeout(timer);
    };
  }, []);
}
