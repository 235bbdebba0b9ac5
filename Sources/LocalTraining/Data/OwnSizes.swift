package import Datasets
package import Federation
import Measures
package import Topology

/// The numbers of samples in clients' own folders, before any of them takes part.
package struct OwnSizes: Sendable {
  /// One client's folder or file.
  package struct Site: Sendable {
    /// The client's number; nil where one folder was looked at, whoever owns it.
    package let client: Int?
    /// The path.
    package let path: String
    /// The numbers, or the reason for which the client would decline.
    package let counts: Result<SampleCounts, DatasetError>
    /// Remarks that people should read before the samples are used, a sentence each.
    package let remarks: [String]
  }

  /// The clients' folders, in order.
  package let sites: [Site]
  private let topology: Topology
  private let pattern: String

  /// The numbers of what lies at the paths of `own`, which is read for it on `threads` threads.
  package init(_ own: OwnData, of topology: Topology, threads: Int) {
    let isOne = !own.paths.pattern.contains(ClientPaths.mark)
    own.read(on: TrainingPool(width: threads))
    sites = own.clients.compactMap { client in
      own[client].map { folder in
        let summary = folder.summary()
        return Site(
          client: isOne ? nil : client, path: folder.path, counts: summary.map(\.counts),
          remarks: (try? summary.get().remarks) ?? [])
      }
    }
    self.topology = topology
    pattern = own.paths.pattern
  }

  /// The reasons for which clients would take no part, or not all of it, a sentence each.
  package var faults: [String] {
    sites.compactMap { site in
      switch site.counts {
      case .failure(let error): "\(site.name)\(error)"
      case .success(let counts):
        if let limit = topology.rules.sampleLimit, counts.training > limit {
          "\(site.name)\(site.path): \(counts.training) samples to train on, more than the \(limit) of "
            + "limits.samples; raise it, or take samples out"
        } else if counts.training == 0 {
          "\(site.name)\(site.path): no sample to train on; add some, or hold out less"
        } else {
          nil
        }
      }
    }
  }

  /// Remarks that people should read, a sentence each.
  package var remarks: [String] {
    sites.flatMap { site in
      var remarks = site.remarks
      if topology.evaluation.clients != nil, let heldOut = site.heldOut,
        heldOut < max(1, topology.evaluation.minimumSamples)
      {
        remarks.append(
          "\(heldOut) samples are held out, so that it doesn't evaluate; evaluation.minimum.samples is "
            + "\(topology.evaluation.minimumSamples)")
      }
      return remarks.map { "\(site.name)\(site.path): \($0)" }
    }
  }

  /// The numbers in lines for people: all together, then each client's, of many the first.
  package var text: String {
    let known = sites.compactMap { try? $0.counts.get() }
    let (training, heldOut) = (known.map(\.training), known.map(\.heldOut))
    let counted = training.map(steps)
    var lines = [
      "\(pattern): \(training.reduce(0, +)) samples to train on, \(heldOut.reduce(0, +)) held out"
    ]
    guard sites.count > 1 || sites.first?.client != nil else {
      lines[0] += counted.first.map { ", \($0) steps in a round" } ?? ""
      return lines[0]
    }
    lines[0] +=
      "; a client has \(Self.range(training)) and \(Self.range(heldOut)), and makes "
      + "\(Self.range(counted)) steps in a round"
    let most = 20
    for site in sites.prefix(most) {
      guard case .success(let counts) = site.counts else { continue }
      lines.append(
        "  \(site.name)\(counts.training) to train on, \(counts.heldOut) held out, "
          + "\(steps(counts.training)) steps")
    }
    if sites.count > most { lines.append("  and \(sites.count - most) clients more") }
    return lines.joined(separator: "\n")
  }

  /// The most steps that a client of so many samples makes in a round.
  private func steps(_ samples: Int) -> Int {
    let training = topology.training
    return training.epochs * ((samples + training.batch - 1) / training.batch)
  }

  private static func range(_ numbers: [Int]) -> String {
    guard let least = numbers.min(), let most = numbers.max() else { return "none" }
    return least == most ? "\(least)" : "\(least) to \(most)"
  }
}

extension OwnSizes.Site {
  /// The words before what is said of the client; none where a folder has no owner.
  fileprivate var name: String { client.map { "client \($0): " } ?? "" }

  fileprivate var heldOut: Int? { (try? counts.get())?.heldOut }
}
