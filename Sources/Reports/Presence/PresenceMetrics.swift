package import Federation
import Ledger
import Measures

extension Metrics {
  /// The present state of the run's clients and workers, for Prometheus.
  ///
  /// There is a line for each worker, and none for each client: a series for each of many clients
  /// would burden the server that reads it.
  package static func text(_ presence: Presence) -> String {
    let clients = presence.workers.flatMap(\.clients)
    var families = [
      Family("progfed_clients", "The clients of the fleet.", presence.clients),
      Family("progfed_clients_present", "The clients that are here.", presence.present),
      Family("progfed_clients_evicted", "The clients that are excluded.", presence.evicted.count),
      Family(
        "progfed_clients_late", "The clients whose updates are late.",
        clients.count { $0.late != nil }),
      Family(
        "progfed_clients_doing", "The clients by what they do.", .gauge,
        Presence.Occupation.allCases.map { kind in
          Sample(Double(clients.count { $0.does == kind }), [("does", kind.rawValue)])
        }),
      Family("progfed_paused", "1 while no round opens, by order.", presence.paused ? 1 : 0),
      Family("progfed_draining", "1 once the run stops by order.", presence.draining ? 1 : 0),
      Family(
        "progfed_workers_present", "The workers that are here.",
        presence.workers.count { $0.gone == nil }),
    ]
    if let needed = presence.needed {
      families.append(
        Family("progfed_clients_needed", "The clients that the next round waits for.", needed))
    }
    guard !presence.workers.isEmpty else { return families.map(\.text).joined() }
    families.append(
      Family(
        "progfed_worker_clients", "The clients of each worker that are here.", .gauge,
        presence.workers.map { worker in
          Sample(
            Double(worker.clients.count { $0.does != .gone }),
            [("worker", worker.name), ("number", worker.number), ("address", worker.place)])
        }))
    families.append(
      Family(
        "progfed_worker_silence_seconds", "The time since each worker was heard.", .gauge,
        presence.workers.map { worker in
          Sample(
            worker.heard.duration.seconds, [("worker", worker.name), ("number", worker.number)])
        }))
    return families.map(\.text).joined()
  }
}
