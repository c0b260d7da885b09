// npm smpp as a message centre in the ways that smsc.js is not: by TLS, by an outbind of its own, with receipts by data_sm or as 3.3 has them.
// Its argument says how: {key, cert} | {outbind: PORT} | {}, and {receipt: 'data_sm' | 'text'}. A line of JSON for each PDU.
'use strict';

const fs = require('fs');
const smpp = require('smpp');

const given = JSON.parse(process.argv[2]);
const say = (what) => console.log(JSON.stringify(what));
let ids = 0x4700;
let hears;

function report(pdu, id) {
  const addresses = {
    source_addr: pdu.destination_addr, source_addr_ton: pdu.dest_addr_ton, destination_addr: pdu.source_addr, dest_addr_ton: pdu.source_addr_ton,
  };
  const answered = (answer) => say({ answer: answer.command_status, to: given.receipt });
  if (given.receipt === 'data_sm') {
    hears.data_sm({ ...addresses, esm_class: 4, receipted_message_id: id.toString(16).toUpperCase(), message_state: 2 }, answered);
    return;
  }
  const words = `id:${String(id).padStart(10, '0')} sub:001 dlvrd:001 submit date:2711281200 done date:2711281201 stat:DELIVRD err:000 text:`;
  hears.deliver_sm({ ...addresses, esm_class: 4, short_message: words }, answered);
}

function serve(session) {
  session.on('error', () => {});
  for (const kind of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
    session.on(kind, (pdu) => {
      if (kind !== 'bind_transmitter') hears = session;
      session.send(pdu.response({ system_id: 'npm' }));
      say({ bind: kind, version: pdu.interface_version });
    });
  }
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); say({ unbind: true }); });
  session.on('cancel_sm', (pdu) => {
    session.send(pdu.response());
    say({ cancel: pdu.message_id, from: [pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi], to: pdu.destination_addr });
  });
  session.on('submit_sm', (pdu) => {
    const id = ++ids;
    const tlvs = Object.keys(pdu).filter((name) => name in smpp.tlvs);
    say({ submit: pdu.destination_addr, from: [pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi], tlvs });
    session.send(pdu.response({ message_id: id.toString(16).toUpperCase() }));
    report(pdu, id);
    hears.alert_notification({ source_addr: pdu.destination_addr, source_addr_ton: 1, source_addr_npi: 1, ms_availability_status: 0 });
  });
}

if (given.outbind) {
  const session = smpp.connect({ url: `smpp://127.0.0.1:${given.outbind}` });
  serve(session);
  session.on('connect', () => { session.outbind({ system_id: 'centre', password: 'secret' }); say({ port: 0 }); });
} else {
  const tls = given.key ? { key: fs.readFileSync(given.key), cert: fs.readFileSync(given.cert) } : {};
  const server = smpp.createServer(tls, serve);
  server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
}
process.on('SIGTERM', () => process.exit(0));
