// The tree of folders: choose one, drop systems on one, make, rename and remove them.
import { ActionIcon, Group, Tooltip } from '@mantine/core';
import { ChevronDown, ChevronRight, Folder as FolderIcon, FolderPlus, Pencil, Settings2, Trash2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Folder } from '../../generated/api';
import { call } from './api';
import { carry, useAsk } from './ask';
import { useFolders } from './every_folder';
import { useMay } from './session';
import { identityChoices } from './identities';
import { Loaded } from './states';
import { waysToTrack } from './tracking';

type Props = { folder: string; choose: (path: string) => void; drop?: (system: number, folder: number, path: string) => void };

export function FolderTree({ folder, choose, drop }: Props) {
  const folders = useFolders();
  const may = useMay();
  const ask = useAsk();
  const chosen = folders.data?.folders.find((one) => one.path === folder || String(one.id) === folder);
  const parent = chosen ?? folders.data?.folders.find((one) => one.parent === null);
  const defaults = async (of: Folder) => {
    const { own } = await call('GET /folders/{id}/defaults', { params: { id: of.id } });
    ask({
      title: `New systems of ${of.path}`,
      text: 'What is tried with them, and when their certificates are renewed. Empty: as the folder above.',
      button: 'Save',
      done: 'The settings are saved.',
      fields: [
        { name: 'track_by', label: 'Tracked by', kind: 'choice', value: own.track_by ?? undefined, choices: waysToTrack },
        { name: 'issuer', label: 'Certificates come from', kind: 'choice', value: own.issuer ?? undefined, choices: [{ value: 'internal', label: 'The manager’s own authority' }, { value: 'by_hand', label: 'An authority that people ask' }] },
        { name: 'identities', label: 'Certificates of a system', kind: 'choice', value: own.identities ?? undefined, choices: identityChoices, help: 'Two only where the family can: Settings, Policy says which' },
        { name: 'user', label: 'User', value: own.user ?? '' },
        { name: 'passwords', label: 'Passwords that are tried, in this order', kind: 'list', help: own.credentials.length ? `${own.credentials.length} are kept; new ones replace them` : 'At most 5' },
        { name: 'renewal_windows', label: 'Renewal windows', kind: 'list', value: own.renewal_windows ?? [], placeholder: 'mon-fri 22:00-05:00 Europe/Berlin', help: 'One a line, ended with Enter', spaces: true },
      ],
      run: ({ track_by, issuer, identities, user, passwords, renewal_windows }) =>
        call('PATCH /folders/{id}/defaults', {
          params: { id: of.id },
          body: { track_by: track_by ?? null, issuer: issuer ?? null, identities: identities ?? null, user: user || null, renewal_windows: renewal_windows.length ? renewal_windows : null, ...(passwords?.length ? { credentials: passwords.map((password: string) => ({ password })) } : {}) },
        }),
    });
  };
  return (
    <nav className="tree" aria-label="Folders">
      {may('POST /folders') && parent && (
        <Group gap={2} mb={4} justify="flex-end">
          <Tooltip label={`New folder in ${parent.path}`}>
            <ActionIcon variant="subtle" color="gray" aria-label="New folder" onClick={() => ask({ title: `New folder in ${parent.path}`, button: 'Make it', fields: [{ name: 'name', label: 'Name', required: true }], run: ({ name }) => call('POST /folders', { body: { name, parent: parent.id } }) })}>
              <FolderPlus size={17} />
            </ActionIcon>
          </Tooltip>
          {may('PATCH /folders/{id}/defaults') && (
            <Tooltip label={`Settings for new systems of ${parent.path}`}>
              <ActionIcon variant="subtle" color="gray" aria-label="Settings for new systems" onClick={() => void carry(defaults(parent))}>
                <Settings2 size={17} />
              </ActionIcon>
            </Tooltip>
          )}
          {chosen?.parent && (
            <>
              <Tooltip label="Rename this folder">
                <ActionIcon variant="subtle" color="gray" aria-label="Rename this folder" onClick={() => ask({ title: `Rename ${chosen.path}`, button: 'Rename', fields: [{ name: 'name', label: 'Name', required: true, value: chosen.name }], run: async ({ name }) => choose((await call('PATCH /folders/{id}', { params: { id: chosen.id }, body: { name } })).path) })}>
                  <Pencil size={16} />
                </ActionIcon>
              </Tooltip>
              <Tooltip label="Remove this folder">
                <ActionIcon variant="subtle" color="gray" aria-label="Remove this folder" onClick={() => ask({ title: `Remove ${chosen.path}`, danger: true, button: 'Remove', text: 'What is in it moves to the folder above.', run: async () => { await call('DELETE /folders/{id}', { params: { id: chosen.id }, query: { move_to: String(chosen.parent) } }); choose(''); } })}>
                  <Trash2 size={16} />
                </ActionIcon>
              </Tooltip>
            </>
          )}
        </Group>
      )}
      <Loaded of={folders}>{(page) => <Branches all={page.folders} folder={folder} choose={choose} drop={drop} />}</Loaded>
    </nav>
  );
}

function Branches({ all, folder, choose, drop }: Props & { all: Folder[] }) {
  const children = useMemo(() => {
    const map = new Map<number | null, Folder[]>();
    for (const one of all) map.set(one.parent, [...(map.get(one.parent) ?? []), one]);
    return map;
  }, [all]);
  const [open, setOpen] = useState<Set<number>>(() => new Set(all.filter((one) => one.parent === null || folder.startsWith(`${one.path}/`)).map((one) => one.id)));
  const [over, setOver] = useState<number>();
  const toggle = (id: number) => setOpen((before) => (before.has(id) ? new Set([...before].filter((one) => one !== id)) : new Set(before).add(id)));
  const branch = (one: Folder) => {
    const below = children.get(one.id) ?? [];
    const root = one.parent === null;
    return (
      <li key={one.id}>
        <button
          type="button"
          className={`folder ${over === one.id ? 'drop' : ''}`}
          aria-current={(root ? folder === '' || folder === one.path : folder === one.path) ? 'true' : undefined}
          aria-expanded={below.length ? open.has(one.id) : undefined}
          onClick={() => {
            choose(root ? '' : one.path);
            if (below.length && (!open.has(one.id) || folder === one.path)) toggle(one.id);
          }}
          onDragOver={drop && ((event) => { event.preventDefault(); setOver(one.id); })}
          onDragLeave={() => setOver(undefined)}
          onDrop={drop && ((event) => { event.preventDefault(); setOver(undefined); const dragged = Number(event.dataTransfer.getData('text/plain')); if (dragged) drop(dragged, one.id, one.path); })}
        >
          {below.length ? open.has(one.id) ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden /> : <FolderIcon size={14} aria-hidden />}
          <span className="grow">{root ? 'All systems' : one.name}</span>
          {one.systems > 0 && <span className="dimmed">{one.systems.toLocaleString('en')}</span>}
        </button>
        {below.length > 0 && open.has(one.id) && <ul>{below.map(branch)}</ul>}
      </li>
    );
  };
  return <ul>{(children.get(null) ?? []).map(branch)}</ul>;
}
