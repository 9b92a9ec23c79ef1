// The navigator: folders at the left, systems beside them. The manager selects and sorts; the address of the page holds what is chosen.
import { ActionIcon, Button, Menu } from '@mantine/core';
import type { RowSelectionState } from '@tanstack/react-table';
import { Bookmark, ChevronDown, FolderInput, ListPlus, Play, Plus, RefreshCw, Trash2, X } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { ListedSystem } from '../../generated/api';
import { addressOf, call, client, Problem, queryText, useGet } from '../kit/api';
import { carry, complain, tell, useAsk } from '../kit/ask';
import { fetchFile } from '../kit/csv';
import { useFolders } from '../kit/every_folder';
import { choicesOf, ends, Only, SearchBox, useFilter } from '../kit/filter';
import { FolderTree } from '../kit/folders';
import { useMay } from '../kit/session';
import { Ago, Head, Level, levelNames, several, State, To, useGo, When } from '../kit/show';
import { Empty } from '../kit/states';
import { List, type Column } from '../kit/table';
import { trackedBy } from '../kit/tracking';

const fields = ['text', 'folder', 'family', 'level', 'reachability', 'capable', 'ticket', 'track_by', 'expires_before', 'expires_after', 'sort', 'columns'];

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
  { id: 'track_by', title: 'Tracked by', sort: 'track_by', width: '8rem', hidden: true, cell: (one) => trackedBy(one.track_by) },
  { id: 'observed_at', title: 'Observed', sort: 'observed_at', width: '10rem', hidden: true, cell: (one) => <Ago at={one.observed_at} never="never" /> },
  { id: 'last_call_at', title: 'Last call', sort: 'last_call_at', width: '10rem', hidden: true, cell: (one) => <When at={one.last_call_at} /> },
];
const usual = columns.filter((one) => !one.hidden).map((one) => one.id);

const levelChoices = [4, 3, 2, 1, 0].map((level) => ({ value: String(level), label: level ? `Level ${level}: ${levelNames[level].toLowerCase()}` : 'Not known yet' }));
const states = choicesOf([['reachable', 'Reachable'], ['unreachable', 'Not reachable'], ['unknown', 'Not known']]);
const withTickets = choicesOf([['yes', 'With open ones'], ['no', 'Without']]);

/** One that somebody else has forgotten meanwhile is gone: that is what was wanted. */
function isGone(error: unknown) {
  if (!(error instanceof Problem) || error.status !== 404) throw error;
}

/** A look at each, a few at a time: how many answered, how many did not, and what was refused. */
async function observeEach(systems: number[]) {
  const waiting = [...systems];
  const out = { reached: 0, silent: 0, refusals: [] as unknown[] };
  const work = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      try {
        const { level } = await call('POST /systems/{id}/observe', { params: { id } });
        out[level > 0 ? 'reached' : 'silent'] += 1;
      } catch (error) {
        out.refusals.push(error);
      }
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  return out;
}

export default function Systems() {
  const go = useGo();
  const may = useMay();
  const ask = useAsk();
  const [asked, set] = useFilter('/systems');
  const filter = Object.fromEntries(Object.entries(asked).filter(([name]) => fields.includes(name)));
  const [chosen, setChosen] = useState<RowSelectionState>({});
  const { columns: columnText, ...selection } = filter;
  const { sort, ...restriction } = selection;
  const counts = useGet('GET /system-counts', { query: restriction as never }, { keep: true });
  const families = useGet('GET /families');
  const views = useGet('GET /views');
  const [observing, setObserving] = useState(false);
  const visible = columnText ? columnText.split(',') : usual;
  const numbers = Object.keys(chosen).map(Number);
  const restricted = Object.values(restriction).some(Boolean);

  const move = async (systems: number[], folder: number, path: string) => {
    if (!(await carry(call('POST /folders/{id}/systems', { params: { id: folder }, body: { systems } })))) return;
    setChosen({});
    tell(`${several(systems.length, 'system')} moved to ${path}.`);
    void client.invalidateQueries();
  };
  const bulk = {
    observe: async () => {
      setObserving(true);
      const { reached, silent, refusals } = await observeEach(numbers);
      setObserving(false);
      void client.invalidateQueries();
      if (reached + silent > 0) tell(`${several(reached, 'system')} reached, ${silent} not reached.`, silent ? 'orange' : 'green');
      if (refusals.length > 0) tell(`${several(refusals.length, 'system')} could not be looked at. Why the first of them was refused:`, 'red');
      if (refusals.length > 0) complain(refusals[0]);
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
          for (const id of numbers) {
            await call('DELETE /systems/{id}', { params: { id } }).catch(isGone);
            // What is gone is not selected any more: if another is refused, a second try is about the others.
            setChosen(({ [id]: _, ...others }) => others);
          }
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
              {may('POST /systems/{id}/observe') && <Button size="xs" variant="default" leftSection={<RefreshCw size={14} />} loading={observing} onClick={() => void bulk.observe()}>Observe now</Button>}
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
            nameOf={(one) => one.name}
            sort={sort}
            onSort={(next) => set({ sort: next })}
            selection={may('POST /enforce') || may('POST /folders/{id}/systems') ? chosen : undefined}
            onSelect={may('POST /enforce') || may('POST /folders/{id}/systems') ? setChosen : undefined}
            visible={visible}
            onVisible={(next) => set({ columns: next.join(',') === usual.join(',') ? '' : next.join(',') })}
            onExport={() => void carry(fetchFile(addressOf('GET /export/systems', { query: { ...selection, format: 'csv' } as never }), 'systems.csv'))}
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
                <SearchBox value={filter.text ?? ''} set={(text) => set({ text })} placeholder="Name, address, serial number…" width={190} />
                <Only label="Level" field="level" choices={levelChoices} filter={filter} set={set} width={120} />
                <Only label="Family" field="family" choices={(families.data?.families ?? []).map((one) => ({ value: one.id, label: one.name }))} filter={filter} set={set} width={120} />
                <Only label="State" field="reachability" choices={states} filter={filter} set={set} width={115} />
                <Only label="Tickets" field="ticket" choices={withTickets} filter={filter} set={set} width={115} />
                <Only label="Certificate ends" field="expires_before" choices={ends(filter)} filter={filter} set={(change) => set({ ...change, expires_after: '' })} width={150} />
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
  const folders = useFolders();
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
