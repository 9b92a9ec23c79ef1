// Three ways to add systems: by name or address, by list, by looking for them.
import { Alert, Button, FileInput, Group, Stack, Switch, Tabs, Textarea, Text } from '@mantine/core';
import { useState } from 'react';
import type { Import } from '../../generated/api';
import { call, client, useGet } from '../kit/api';
import { tell } from '../kit/ask';
import { useFolders } from '../kit/every_folder';
import { Fields, Form, sent, type Field, type Values } from '../kit/form';
import { useMay } from '../kit/session';
import { Card, Head, several, To, useGo } from '../kit/show';
import { Denied, Loaded, ProblemCard, ProblemText } from '../kit/states';

function One() {
  const go = useGo();
  const families = useGet('GET /families');
  const folders = useFolders();
  const [values, setValues] = useState<Values>({});
  const fields: Field[] = [
    { name: 'host_name', label: 'Host name', placeholder: 'room1.company.com', help: 'Needed for Level 4: certificates are for names' },
    { name: 'address', label: 'Address', placeholder: '10.0.0.7' },
    { name: 'name', label: 'Name', help: 'Empty: the one that the system has' },
    { name: 'family', label: 'Family', kind: 'choice', help: 'Empty: it is recognised', choices: (families.data?.families ?? []).map((one) => ({ value: one.id, label: one.name })) },
    { name: 'folder', label: 'Folder', kind: 'choice', choices: (folders.data?.folders ?? []).map((one) => ({ value: String(one.id), label: one.path })) },
    { name: 'user', label: 'User', help: 'Empty: that of the family' },
    { name: 'password', label: 'Password', kind: 'new-password', help: 'Empty: the factory password' },
  ];
  const add = async () => {
    const { folder, ...rest } = sent(values);
    const system = await call('POST /systems', { body: { ...rest, ...(folder ? { folder: Number(folder) } : {}) } });
    void client.invalidateQueries();
    tell(`${system.name} was added; it is being observed.`);
    go(`/systems/${system.id}`);
  };
  return (
    <div className="narrow">
      <Form run={add} button="Add the system">
        <Fields fields={fields} values={values} change={setValues} />
      </Form>
    </div>
  );
}

function ByList() {
  const [text, setText] = useState('');
  const [folders, setFolders] = useState(true);
  const [result, setResult] = useState<Import>();
  const [error, setError] = useState<unknown>();
  const send = async (dry: boolean) => {
    setError(undefined);
    try {
      const query = { dry_run: dry ? 'yes' : undefined, make_folders: folders ? 'yes' : undefined };
      setResult(await call('POST /import/systems', { query: query as never, body: text }));
      if (!dry) void client.invalidateQueries();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <Stack maw={900}>
      <Text size="sm">A list with a line for each system and these heads, in any order: name, host_name, address, family, folder, user, password, serial, mac, track_by, https_port, pins, connectivity, persistent.</Text>
      <FileInput label="File (CSV)" accept=".csv,text/csv" placeholder="Choose a file" onChange={(file) => file && void file.text().then(setText)} />
      <Textarea label="Or type it" autosize minRows={6} maxRows={16} value={text} onChange={(e) => setText(e.currentTarget.value)} placeholder={'host_name,address,family,folder\nroom1.company.com,10.0.0.7,c-series,/Berlin'} />
      <Switch label="Make folders that do not exist" checked={folders} onChange={(e) => setFolders(e.currentTarget.checked)} />
      {error !== undefined && <ProblemCard error={error} />}
      {result && (
        <Alert color={result.problems.length ? 'orange' : 'green'} title={result.added.length ? `${several(result.added.length, 'system')} added` : `${several(result.would_add, 'system')} would be added`} role="status">
          {result.problems.map((one, i) => (
            <div key={i}>
              <b>{one.where}</b> <ProblemText document={one} />
            </div>
          ))}
        </Alert>
      )}
      <Group>
        <Button variant="default" disabled={!text} onClick={() => void send(true)}>
          Check the list
        </Button>
        <Button disabled={!text} onClick={() => void send(false)}>
          Add them
        </Button>
      </Group>
    </Stack>
  );
}

export function WaysToAdd() {
  return (
    <Card>
      <Tabs defaultValue="one">
        <Tabs.List mb="md">
          <Tabs.Tab value="one">By name or address</Tabs.Tab>
          <Tabs.Tab value="list">By list</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="one">
          <One />
        </Tabs.Panel>
        <Tabs.Panel value="list">
          <ByList />
        </Tabs.Panel>
      </Tabs>
    </Card>
  );
}

export default function AddSystems() {
  const may = useMay();
  const about = useGet('GET /about');
  if (!may('POST /systems')) return <Denied operation="POST /systems" />;
  return (
    <>
      <Head title="Add systems" crumbs={[['Systems', '/systems']]}>
        Systems that call the manager by themselves appear at <To href="/arrivals">Arrivals</To>; there you also announce systems that do not exist yet, and look for them in address ranges.
      </Head>
      <Loaded of={about}>{() => <WaysToAdd />}</Loaded>
    </>
  );
}
