import ZeroMQ

/// The keys of a simulation whose connections are encrypted, made for this run alone.
///
/// One pair is that of all simulated workers. Where there are relays, the broker knows these, each
/// with its part of the clients, and they know the worker.
struct LocalKeys: Sendable {
  private let broker: CurveKeyPair
  private let worker: CurveKeyPair
  /// The relays' pairs and clients.
  private let relays: [(pair: CurveKeyPair, clients: ClientRange)]
  private let clients: ClientRange

  /// New keys for a broker, the worker of so many clients, and a relay for each of `parts`.
  init(clients: Int, relays parts: [Range<Int>]) throws(ZMQError) {
    broker = try CurveKeyPair.generate()
    worker = try CurveKeyPair.generate()
    var relays: [(pair: CurveKeyPair, clients: ClientRange)] = []
    for part in parts { relays.append((try CurveKeyPair.generate(), ClientRange(of: part))) }
    self.relays = relays
    self.clients = ClientRange(below: clients)
  }

  /// The broker's side.
  var brokerSecurity: BrokerSecurity {
    let admitted = relays.enumerated().map { index, relay in
      AdmittedWorker(name: "relay-\(index)", key: relay.pair.publicKey, clients: relay.clients)
    }
    let workers = admitted.isEmpty ? [simulated] : admitted
    return .curve(broker, AccessControl(AdmittedWorkers(workers)))
  }

  /// Both sides of a relay.
  func security(ofRelay index: Int) -> RelaySecurity {
    .curve(
      relays[index].pair, broker: broker.publicKey, AccessControl(AdmittedWorkers([simulated])))
  }

  /// The side of workers that connect to a relay, or to the broker itself.
  func security(behind relay: Int?) -> Security {
    .curveClient(
      serverKey: relay.map { relays[$0].pair.publicKey } ?? broker.publicKey, pair: worker)
  }

  private var simulated: AdmittedWorker {
    AdmittedWorker(name: "simulated", key: worker.publicKey, clients: clients)
  }
}
