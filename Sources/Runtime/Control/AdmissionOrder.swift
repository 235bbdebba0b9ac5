import Federation
import Ledger

extension BrokerSecurity {
  /// Lets a worker in by a line of the allow-list, which is added to the file at `path`, so that it
  /// is still there when the list is read again.
  ///
  /// Clients of it that were excluded are let in again.
  func admit(
    _ line: String, into path: String?, of broker: Broker, from peer: ControlServer.Peer?
  ) -> ControlAnswer {
    guard accessControl != nil else {
      return .refused(
        "connections aren't authenticated, so there is no allow-list; admit CLIENTS lets excluded "
          + "clients in again")
    }
    guard let path else { return .refused("this broker's allow-list isn't in a file") }
    do {
      let workers = try AdmittedWorkers(line, file: "the line").workers
      guard let worker = workers.first, workers.count == 1 else {
        return .refused("give one line of the allow-list: NAME KEY CLIENTS")
      }
      try AllowListFile.add(worker, to: path)
      broker.admit(try AllowListFile.read(path))
      let back = broker.answer(.order(.readmit(clients: worker.clients.numbers)), from: peer)
      let text =
        "worker \(worker.name) may come in and play clients \(worker.clients); \(path) says so"
      return .done(back.ok ? "\(text); \(back.text)" : text)
    } catch {
      return .refused("\(error)")
    }
  }
}
