// Requests to authorities that people ask: download the open ones, bring the answers, see how each was matched.
import { Button, FileButton, SegmentedControl, Stack } from '@mantine/core';
import { Download, Upload } from 'lucide-react';
import { useState } from 'react';
import type { CertificateRequest, JudgedAnswers } from '../../generated/api';
import { addressOf, call, client } from '../kit/api';
import { useAsk } from '../kit/ask';
import { shortName } from '../kit/chain';
import { useFilter } from '../kit/filter';
import { fileText } from '../kit/form';
import { useMay } from '../kit/session';
import { Card, Fingerprint, Head, plainWords, several, State, To, When } from '../kit/show';
import { Empty, ProblemCard, ProblemText } from '../kit/states';
import { List, Short, type Column } from '../kit/table';

function Judged({ judged }: { judged: JudgedAnswers }) {
  return (
    <Card title={`${several(judged.taken.length, 'answer')} taken, ${judged.refused.length} refused, ${judged.left_out.length} left out`}>
      <div className="stack" role="status">
        {judged.taken.length > 0 && <Short label="Answers taken" heads={['File', 'System', 'Certificate', 'Ends', 'Worth knowing']} rows={judged.taken.map((one) => [one.file, <To href={`/systems/${one.system}`}>{one.system_name}</To>, <Fingerprint value={one.fingerprint} href={`/certificates/${one.fingerprint}`} />, <When at={one.not_after} day />, one.advice])} />}
        {judged.refused.map((one, i) => (
          <div key={i} className="link link-bad">
            <h3>
              {one.file}: {one.subject || 'the file'} {one.system_name && `for ${one.system_name}`}
            </h3>
            <ProblemText document={one.problem} />
          </div>
        ))}
      </div>
    </Card>
  );
}

export default function Requests() {
  const may = useMay();
  const ask = useAsk();
  const [filter, set] = useFilter('/requests', { state: 'open' });
  const open = filter.state === 'open';
  const [judged, setJudged] = useState<JudgedAnswers>();
  const [error, setError] = useState<unknown>();
  const answer = async (files: File[]) => {
    setError(undefined);
    setJudged(undefined);
    try {
      const read = await Promise.all(files.map(async (file) => ({ name: file.name, content: await fileText(file) })));
      setJudged(await call('POST /certificate-answers', { body: { files: read } }));
      void client.invalidateQueries();
    } catch (problem) {
      setError(problem);
    }
  };
  const columns: Column<CertificateRequest>[] = [
    { id: 'system', title: 'System', width: 'minmax(9rem, 1.3fr)', cell: (one) => (one.system ? <To href={`/systems/${one.system}`}>{one.system_name}</To> : one.system_name), csv: (one) => one.system_name },
    { id: 'state', title: 'State', width: '8rem', cell: (one) => <State value={one.state} tone={one.state === 'answered' ? 'good' : one.state === 'open' ? 'warn' : 'plain'} />, csv: (one) => one.state },
    { id: 'subject', title: 'Subject', width: 'minmax(9rem, 1.3fr)', cell: (one) => shortName(one.subject), csv: (one) => one.subject },
    { id: 'reason', title: 'Why', width: 'minmax(9rem, 1.3fr)', cell: (one) => one.note || plainWords(one.reason), csv: (one) => one.reason },
    { id: 'made', title: 'Made', width: '10rem', cell: (one) => <When at={one.made} />, csv: (one) => one.made },
    { id: 'downloaded', title: 'Downloaded', width: '10rem', cell: (one) => <When at={one.downloaded} />, csv: (one) => one.downloaded },
    { id: 'answered', title: 'Answer', width: '11rem', cell: (one) => (one.certificate ? <Fingerprint value={one.certificate} href={`/certificates/${one.certificate}`} /> : '–'), csv: (one) => one.certificate },
    { id: 'installed', title: 'In place', width: '10rem', hidden: true, cell: (one) => <When at={one.installed} />, csv: (one) => one.installed },
    { id: 'folder', title: 'Folder', width: '8rem', hidden: true, cell: (one) => one.folder, csv: (one) => one.folder },
    { id: 'key_made', title: 'Key made by', width: '8rem', hidden: true, cell: (one) => one.key_made, csv: (one) => one.key_made },
    { id: 'key', title: 'Public key', width: '13rem', hidden: true, cell: (one) => <Fingerprint value={one.public_key} />, csv: (one) => one.public_key },
    ...(may('DELETE /certificate-requests/{id}') ? [{ id: 'discard', title: 'Discard', width: '6rem', cell: (one: CertificateRequest) => (one.state === 'open' ? <Button size="compact-xs" variant="default" onClick={() => ask({ title: `Discard the request of ${one.system_name}`, danger: true, button: 'Discard it', text: 'Its key is forgotten. Enforcement makes another request when one is still needed.', run: () => call('DELETE /certificate-requests/{id}', { params: { id: one.id } }) })}>Discard</Button> : null) }] : []),
  ];
  return (
    <>
      <Head
        title="Requests by hand"
        actions={
          <>
            {may('GET /certificate-request-bundle') && (
              <Button component="a" href={addressOf('GET /certificate-request-bundle', { query: { format: 'zip' } })} download variant="default" leftSection={<Download size={16} />}>
                Download the open ones
              </Button>
            )}
            {may('POST /certificate-answers') && (
              <FileButton multiple onChange={(files) => files.length > 0 && void answer(files)}>
                {(props) => (
                  <Button {...props} leftSection={<Upload size={16} />}>
                    Bring answers
                  </Button>
                )}
              </FileButton>
            )}
          </>
        }
      >
        For an authority that people ask. Download, have it signed, bring the answers in any form: they are matched by their keys and installed by themselves.
      </Head>
      <Stack>
        {error !== undefined && <ProblemCard error={error} />}
        {judged && <Judged judged={judged} />}
        <List operation="GET /certificate-requests" name="requests" query={filter.state === 'all' ? {} : filter} rows={(page) => page.requests} columns={columns} id={(one) => one.id} full empty={<Empty title={open ? 'No open requests' : 'No requests'}>Where the settings of a folder say so (Systems, above the folders), systems that need a certificate have their request here.</Empty>} tools={<SegmentedControl aria-label="State" data={['open', 'answered', 'superseded', 'all'].map((value) => ({ value, label: plainWords(value) }))} value={filter.state} onChange={(state) => set({ state })} />} />
      </Stack>
    </>
  );
}
