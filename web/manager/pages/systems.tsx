// The navigator: folders at the left, systems beside them. The manager selects and sorts; the address of the page holds what is chosen.
import { ActionIcon, Button, Menu, Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { RowSelectionState } from '@tanstack/react-table';
import { Bookmark, ChevronDown, FolderInput, ListPlus, Play, Plus, RefreshCw, Search, Trash2, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Link, useSearch } from 'wouter';
import type { ListedSystem } from '../../generated/api';
import { addressOf, call, queryText, useGet } from '../kit/api';
import { tell, useAsk } from '../kit/ask';
import { FolderTree } from '../kit/folders';
import { useMay } from '../kit/session';
import { ago, Head, Level, levelNames, several, State, To, useGo, When } from '../kit/show';
import { Empty } from '../kit/states';
import { List, type Column } from '../kit/table';

const fields = ['text', 'folder', 'family', 'level', 'reachability', 'capable', 'ticket', 'track_by', 'expires_before', 'sort', 'columns'] as const;
type Filter = Partial<Record<(typeof fields)[number], string>>;

export const columns: Column<ListedSystem>[] = [
  { id: 'name', title: 'Name', sort: 'name', width: 'minmax(9rem, 1.5fr)', cell: (one) => <><div><To href={`/systems/${one.id}`}>{one.name}</To></div><div className="under">{one.host_name || one.address}</div></> },
  { id: 'level', title: 'Level', sort: 'level', width: '4rem', cell: (one) => <Level level={one.level} /> },
  { id: 'why', title: 'What holds it', width: 'minmax(9rem, 2fr)', cell: (one) => <span className="dimmed clamp" title={one.why}>{one.why}</span> },
  { id: 'family', title: 'Family', sort: 'family', width: '5.5rem', cell: (one) => one.family || '–' },
  { id: 'host_name', title: 'Host name', sort: 'host_name', width: 'minmax(10rem, 1.4fr)', hidden: true, cell: (one) => one.host_name || '–' },
  { id: 'address', title: 'Address', sort: 'address', width: '8.5rem', hidden: true, cell: (one) => one.address || '–' },
  { id: 'reachability', title: 'State', sort: 'reachability', width: '7rem', cell: (one) => <State value={one.reachability} /> },
  { id: 'tickets', title: 'Tickets', width: '4rem', cell: (one) => (one.open_tickets ? <To href={`/systems/${one.id}/tickets`}>{one.open_tickets}</To> : <span className="nothing">–</span>) },
  { id: 'certificate_expires', title: 'Certificate ends', sort: 'certificate_expires', width: '7.5rem', cell: (one) => <When at={one.certificate_expires} day /> },
  { id: 'folder', title: 'Folder', sort: 'folder', width: 'minmax(7rem, 1fr)', hidden: true, cell: (one) => one.folder_path },
  { id: 'software', title: 'Software', sort: 'software', width: '8rem', hidden: true, cell: (one) => one.software || '–' },
  { id: 'serial', title: 'Serial number', sort: 'serial_number', width: '9rem', hidden: true, cell: (one) => one.serial_number || '–' },
  { id: 'mac', title: 'MAC address', sort: 'mac_address', width: '10rem', hidden: true, cell: (one) => one.mac_address || '–' },
  { id: 'capable', title: 'Capable', sort: 'capable', width: '6rem', hidden: true, cell: (one) => (one.secure_only_capable ? 'yes' : 'no') },
  { id: 'track_by', title: 'Tracked by', sort: 'track_by', width: '8rem', hidden: true, cell: (one) => (one.track_by === 'host_name' ? 'host name' : one.track_by) },
  { id: 'observed_at', title: 'Observed', sort: 'observed_at', width: '10rem', hidden: true, cell: (one) => (one.observed_at ? ago(one.observed_at) : 'never') },
  { id: 'last_call_at', title: 'Last call', sort: 'last_call_at', width: '10rem', hidden: true, cell: (one) => <When at={one.last_call_at} /> },
];
const usual = columns.filter((one) => !one.hidden).map((one) => one.id);

const choices = (some: Array<[string, string]>) => some.map(([value, label]) => ({ value, label }));
const levelChoices = [4, 3, 2, 1, 0].map((level) => ({ value: String(level), label: level ? `Level ${level}: ${levelNames[level].toLowerCase()}` : 'Not known yet' }));
const endChoices = choices([['0', 'Ended'], ['7', 'Within a week'], ['30', 'Within 30 days'], ['90', 'Within 90 days']]);

export default function Systems() {
  const search = useSearch();
  const go = useGo();
  const may = useMay();
  const ask = useAsk();
  const filter = Object.fromEntries([...new URLSearchParams(search)].filter(([name]) => (fields as readonly string[]).includes(name))) as Filter;
  const set = (change: Filter) => go(`/systems${queryText({ ...filter, ...change })}`);
  const [text, setText] = useState(filter.text ?? '');
  const [typed] = useDebouncedValue(text, 250);
  useEffect(() => {
    if (typed !== (filter.text ?? '')) set({ text: typed });
  }, [typed]); // eslint-disable-line react-hooks/exhaustive-deps
  useEffect(() => setText(filter.text ?? ''), [filter.text]);
  const [chosen, setChosen] = useState<RowSelectionState>({});
  const { columns: columnText, ...selection } = filter;
  const { sort, ...restriction } = selection;
  const counts = useGet('GET /system-counts', { query: restriction as never }, { keep: true });
  const families = useGet('GET /families');
  const views = useGet('GET /views');
  const visible = columnText ? columnText.split(',') : usual;
  const numbers = Object.keys(chosen).map(Number);
  const restricted = Object.values(restriction).some(Boolean);

  const move = (systems: number[], folder: number, path: string) =>
    call('POST /folders/{id}/systems', { params: { id: folder }, body: { systems } }).then(() => {
      setChosen({});
      tell(`${several(systems.length, 'system')} moved to ${path}.`);
    });
  const bulk = {
    observe: async () => {
      for (const id of numbers) await call('POST /systems/{id}/observe', { params: { id } }).catch(() => undefined);
      tell(`${several(numbers.length, 'system')} observed.`);
    },
    enforce: () =>
      ask({
        title: 'Enforce the policy',
        text: `${several(numbers.length, 'system')} will be brought to what the policy says. The plan of each is on its page.`,
        button: 'Enforce',
        done: 'The work is queued; Jobs shows how it goes.',
        run: () => call('POST /enforce', { body: { systems: numbers } }),
      }),
    remove: () =>
      ask({
        title: 'Forget systems',
        danger: true,
        text: `${several(numbers.length, 'system')} will be forgotten: their settings, history and tickets here. Nothing changes on the systems.`,
        button: 'Forget them',
        done: 'They are forgotten.',
        run: async () => {
          for (const id of numbers) await call('DELETE /systems/{id}', { params: { id } });
          setChosen({});
        },
      }),
    saveView: () =>
      ask({
        title: 'Save this view',
        text: 'The selection, the order and the columns, under a name of your own.',
        button: 'Save',
        done: 'The view is saved.',
        fields: [{ name: 'name', label: 'Name', required: true }],
        run: ({ name }) => call('POST /views', { body: { name, ...filter } as never }),
      }),
  };
  return (
    <>
      <Head
        title="Systems"
        actions={
          may('POST /systems') && (
            <Button component={Link} href="/systems/add" leftSection={<Plus size={16} />}>
              Add systems
            </Button>
          )
        }
      >
        {counts.data && `${several(counts.data.systems, 'system')}${restricted ? ' in this selection' : ''} · ${[4, 3, 2, 1].map((level) => `${counts.data!.levels[level].toLocaleString('en')} at level ${level}`).join(', ')}`}
      </Head>
      <div className="columns">
        <FolderTree folder={filter.folder ?? ''} choose={(folder) => set({ folder })} drop={may('POST /folders/{id}/systems') ? (dragged, folder, path) => void move(numbers.includes(dragged) ? numbers : [dragged], folder, path) : undefined} />
        <div>
          {numbers.length > 0 && (
            <div className="bulk" role="group" aria-label="With the selected systems">
              <b>{several(numbers.length, 'system')} selected</b>
              {may('POST /systems/{id}/observe') && <Button size="xs" variant="default" leftSection={<RefreshCw size={14} />} onClick={() => void bulk.observe()}>Observe now</Button>}
              {may('POST /enforce') && <Button size="xs" variant="default" leftSection={<Play size={14} />} onClick={bulk.enforce}>Enforce</Button>}
              {may('POST /campaigns') && <Button size="xs" variant="default" leftSection={<ListPlus size={14} />} component={Link} href={`/secure-only?systems=${numbers.join(',')}`}>Plan a campaign</Button>}
              {may('POST /folders/{id}/systems') && <MoveMenu move={(folder, path) => void move(numbers, folder, path)} />}
              {may('DELETE /systems/{id}') && <Button size="xs" variant="default" leftSection={<Trash2 size={14} />} onClick={bulk.remove}>Forget</Button>}
              <ActionIcon variant="subtle" aria-label="Select none" onClick={() => setChosen({})}><X size={16} /></ActionIcon>
            </div>
          )}
          <List
            operation="GET /systems"
            name="systems"
            query={selection}
            rows={(page) => page.systems}
            columns={columns}
            id={(one) => one.id}
            href={(one) => `/systems/${one.id}`}
            sort={sort}
            onSort={(next) => set({ sort: next })}
            selection={may('POST /enforce') || may('POST /folders/{id}/systems') ? chosen : undefined}
            onSelect={may('POST /enforce') || may('POST /folders/{id}/systems') ? setChosen : undefined}
            visible={visible}
            onVisible={(next) => set({ columns: next.join(',') === usual.join(',') ? '' : next.join(',') })}
            onExport={() => {
              window.location.assign(addressOf('GET /export/systems', { query: { ...selection, format: 'csv' } as never }));
            }}
            draggable={may('POST /folders/{id}/systems') ? (one) => String(one.id) : undefined}
            full
            empty={
              restricted ? (
                <Empty title="No system is in this selection">Take a restriction away, or search for something else.</Empty>
              ) : (
                <Empty title="There are no systems yet">
                  {may('POST /systems') ? <To href="/systems/add">Add the first ones</To> : 'An operator or administrator adds them.'}
                </Empty>
              )
            }
            tools={
              <div className="filters">
                <TextInput label="Search" placeholder="Name, address, serial number…" leftSection={<Search size={15} />} value={text} onChange={(e) => setText(e.currentTarget.value)} w={190} />
                <Select label="Level" data={levelChoices} value={filter.level ?? null} onChange={(level) => set({ level: level ?? '' })} clearable w={120} />
                <Select label="Family" data={(families.data?.families ?? []).map((one) => ({ value: one.id, label: one.name }))} value={filter.family ?? null} onChange={(family) => set({ family: family ?? '' })} clearable searchable w={120} />
                <Select label="State" data={choices([['reachable', 'Reachable'], ['unreachable', 'Not reachable'], ['unknown', 'Not known']])} value={filter.reachability ?? null} onChange={(one) => set({ reachability: one ?? '' })} clearable w={115} />
                <Select label="Tickets" data={choices([['yes', 'With open ones'], ['no', 'Without']])} value={filter.ticket ?? null} onChange={(one) => set({ ticket: one ?? '' })} clearable w={115} />
                <Select label="Certificate ends" data={filter.expires_before && !endChoices.some((one) => one.value === filter.expires_before) ? [...endChoices, { value: filter.expires_before, label: `Before ${filter.expires_before.slice(0, 10)}` }] : endChoices} value={filter.expires_before ?? null} onChange={(one) => set({ expires_before: one ?? '' })} clearable w={150} />
                <Menu position="bottom-start">
                  <Menu.Target>
                    <Button variant="default" leftSection={<Bookmark size={16} />} rightSection={<ChevronDown size={14} />}>Views</Button>
                  </Menu.Target>
                  <Menu.Dropdown>
                    {(views.data?.views ?? []).map((view) => (
                      <Menu.Item key={view.name} onClick={() => go(`/systems${queryText(view.fields)}`)}>{view.name}</Menu.Item>
                    ))}
                    {views.data?.views.length === 0 && <Menu.Label>No saved views</Menu.Label>}
                    {may('POST /views') && <Menu.Item onClick={bulk.saveView}>Save this view…</Menu.Item>}
                    {may('DELETE /views/{name}') && (views.data?.views ?? []).length > 0 && (
                      <Menu.Item
                        onClick={() =>
                          ask({
                            title: 'Remove a view',
                            button: 'Remove',
                            fields: [{ name: 'name', label: 'View', kind: 'choice', required: true, choices: views.data!.views.map((one) => ({ value: one.name, label: one.name })) }],
                            run: ({ name }) => call('DELETE /views/{name}', { params: { name } }),
                          })
                        }
                      >
                        Remove a view…
                      </Menu.Item>
                    )}
                  </Menu.Dropdown>
                </Menu>
                {restricted && <Button variant="subtle" onClick={() => go(`/systems${queryText({ columns: columnText })}`)}>Show all</Button>}
              </div>
            }
          />
        </div>
      </div>
    </>
  );
}

function MoveMenu({ move }: { move: (folder: number, path: string) => void }) {
  const folders = useGet('GET /folders', { query: { limit: 1000 } });
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<FolderInput size={14} />}>Move to…</Button>
      </Menu.Target>
      <Menu.Dropdown mah={320} className="scrolls">
        {(folders.data?.folders ?? []).map((one) => (
          <Menu.Item key={one.id} onClick={() => move(one.id, one.path)}>{one.path}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
