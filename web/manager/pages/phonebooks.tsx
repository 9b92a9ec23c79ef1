import { Button, Group, Stack } from '@mantine/core';
import type { PhonebookEntry } from '../../generated/api';
import { call, useGet } from '../kit/api';
import { useAsk } from '../kit/ask';
import { SearchBox, useFilter } from '../kit/filter';
import { sent } from '../kit/form';
import { useMay } from '../kit/session';
import { Card, Head, When } from '../kit/show';
import { Empty, Loaded } from '../kit/states';
import { List, Short, type Column } from '../kit/table';

const columns: Column<PhonebookEntry>[] = [
  { id: 'name', title: 'Name', width: 'minmax(10rem, 1fr)', cell: (one) => one.name, csv: (one) => one.name },
  { id: 'numbers', title: 'Numbers', width: 'minmax(12rem, 2fr)', cell: (one) => one.routes.map((route) => route.number).join(', '), csv: (one) => one.routes.map((route) => route.number).join(' ') },
  { id: 'book', title: 'Book', width: '10rem', cell: (one) => one.book, csv: (one) => one.book },
  { id: 'folder', title: 'Folder', width: '10rem', cell: (one) => one.folder || '–', csv: (one) => one.folder },
];

export default function Phonebooks() {
  const books = useGet('GET /phonebooks');
  const may = useMay();
  const ask = useAsk();
  const [filter, set] = useFilter('/phonebooks');
  return (
    <>
      <Head title="Phone books" actions={may('POST /phonebooks/import') && <Button onClick={() => ask({ title: 'Take a list', button: 'Take it', done: 'The entries are in.', fields: [{ name: 'name', label: 'Book', required: true, help: 'Made when there is none of that name' }, { name: 'file', label: 'List (CSV)', kind: 'file', required: true }, { name: 'mode', label: 'What is there already', kind: 'choice', value: 'merge', required: true, choices: [{ value: 'merge', label: 'Stays, and is completed' }, { value: 'replace', label: 'Is replaced' }] }], run: async ({ name, file, mode }) => call('POST /phonebooks/import', { body: { name, mode, csv: await (file as File).text() } }) })}>Take a list</Button>}>
        What systems search, and which systems see which book.
      </Head>
      <Stack>
        <Loaded of={books} operation="GET /phonebooks">
          {(page) =>
            page.phonebooks.length === 0 ? null : (
              <Card title="Books">
                <Short label="Books" heads={['Book', 'Entries', 'Changed', 'Seen by', '']} rows={page.phonebooks.map((one) => [<b>{one.name}</b>, one.entries, <When at={one.changed} />, one.assignments.join(', ') || 'nobody', may('POST /phonebooks/{id}/assign') ? <Group gap={4}><Button size="compact-xs" variant="default" onClick={() => ask({ title: `Who sees ${one.name}`, button: 'Assign', fields: [{ name: 'all', label: 'All systems', kind: 'check' }, { name: 'folder', label: 'Or those of a folder' }, { name: 'system', label: 'Or one system', help: 'Its number' }], run: (values) => call('POST /phonebooks/{id}/assign', { params: { id: one.id }, body: values.all ? { all: true } : sent({ folder: values.folder, system: values.system }) }) })}>Assign</Button><Button size="compact-xs" variant="default" onClick={() => ask({ title: `Remove ${one.name}`, danger: true, button: 'Remove', run: () => call('DELETE /phonebooks/{id}', { params: { id: one.id } }) })}>Remove</Button></Group> : null])} />
              </Card>
            )
          }
        </Loaded>
        <List operation="GET /phonebook-entries" name="phone-book-entries" query={filter} rows={(page) => page.entries} columns={columns} id={(one) => one.id} empty={<Empty title="No entries" />} tools={<SearchBox value={filter.text ?? ''} set={(text) => set({ text })} width={260} />} />
      </Stack>
    </>
  );
}
