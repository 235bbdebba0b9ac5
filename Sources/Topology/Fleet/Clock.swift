import Links

/// The clock and transport of a run, on which not all keys of a topology have an effect.
package enum Clock: Hashable, Sendable, CaseIterable {
  /// Simulated time.
  case virtual
  /// Real time, within a process or a machine.
  case real
  /// Real time over tcp, where clients' links are played.
  case realOverTCP
}

extension Topology {
  /// Refuses a topology that says what `clock` doesn't play.
  ///
  /// - Throws: an error that names each of these keys, and where it stands.
  package func requirePlayable(on clock: Clock) throws(TopologyError) {
    guard let faults = unplayable[clock], !faults.isEmpty else { return }
    throw TopologyError(file: file, faults: faults)
  }

  /// The keys that `clock` doesn't play.
  package func keys(unknownTo clock: Clock) -> [String] {
    unplayable[clock, default: []].map(\.path)
  }
}

extension TopologyDraft {
  /// The keys that have no effect on a clock, as the faults that they are there, in the order of
  /// the file.
  ///
  /// It is reported at once if no clock is left.
  func unplayable(_ fleet: FleetModel, _ reading: Reading) -> [Clock: [TopologyIssue]] {
    func fault(_ path: String, _ words: String, remedy: String) -> TopologyIssue {
      TopologyIssue(
        place: reading.place(of: path), path: path, problem: "\(path) \(words)", remedy: remedy)
    }
    let virtual = virtualKeys(of: fleet).map {
      fault(
        $0, "is played in virtual time alone",
        remedy: "remove it, or leave out --clock real and --transport")
    }
    let queues = fleet.groups.filter(\.hasQueue).map {
      fault(
        "groups.\($0.name).link", "has a queue, which is played in virtual time alone",
        remedy: "remove the queue, or leave out --clock real and --transport")
    }
    let links = fleet.groups.filter { $0.link != ClientGroup.unlimited }.map {
      fault(
        "groups.\($0.name).link", "is played in virtual time, and in real time over tcp",
        remedy: "add --transport tcp, or remove it")
    }
    var unplayable: [Clock: [TopologyIssue]] = [
      .real: virtual + links, .realOverTCP: virtual + queues,
    ]
    if relays > 0 {
      unplayable[.virtual] = [
        fault(
          "relays", "stand between sockets of real time, over tcp: virtual time has none",
          remedy: "remove it, or add --transport tcp")
      ]
      unplayable[.real, default: []].append(
        fault(
          "relays", "stand between sockets over tcp alone",
          remedy: "add --transport tcp, or remove it"))
      if let other = unplayable[.realOverTCP]?.first {
        reading.report(
          "relays", "relays stand between sockets of real time, but \(other.problem)",
          remedy: "remove one of them")
      }
    }
    return unplayable.mapValues { $0.inOrderOfFile }
  }

  /// The keys that virtual time alone plays.
  private func virtualKeys(of fleet: FleetModel) -> [String] {
    var keys: [String] = []
    if !fleet.faults.isEmpty { keys.append("faults") }
    if fleet.broker != nil { keys.append("links.broker") }
    for name in Set(fleet.groups.compactMap(\.deviceName)).sorted() {
      // What a device's memory holds, any clock asks.
      keys += devices.given[name, default: []].filter { $0 != "memory" }
        .map { "devices.\(name).\($0)" }
    }
    for group in fleet.groups {
      let path = "groups.\(group.name)"
      if group.bottleneck != nil { keys.append("\(path).shared") }
      if !group.recordedDevices.isEmpty { keys.append("\(path).capacities") }
      if group.device.availability != .always || !group.recordedAvailability.isEmpty {
        keys.append("\(path).availability")
      }
    }
    return keys
  }
}

extension ClientGroup {
  /// True if a queue of its link has a limit.
  fileprivate var hasQueue: Bool { link.down.queue != nil || link.up.queue != nil }
}
