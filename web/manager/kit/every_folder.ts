// The folders of the estate, all of them: the API gives them in pages.
import { useQuery } from '@tanstack/react-query';
import type { Folder } from '../../generated/api';
import { call, Problem } from './api';

async function everyFolder(): Promise<{ folders: Folder[] }> {
  const folders: Folder[] = [];
  let after: string | null | undefined;
  do {
    const page = await call('GET /folders', { query: { limit: 1000, ...(after ? { after } : {}) } });
    folders.push(...page.folders);
    after = page.next;
  } while (after);
  return { folders };
}

export const useFolders = () => useQuery<{ folders: Folder[] }, Problem>({ queryKey: ['GET /folders', { every: true }], queryFn: everyFolder });
