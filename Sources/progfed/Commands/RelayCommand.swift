import ArgumentParser
import Foundation
import Links
import Measures
import Runtime
import Topology
import ZeroMQ

/// Stands between a broker and some of its workers.
struct RelayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "relay",
    abstract: "Stand between a broker and some of its workers: as a link, or as a tier.",
    discussion: """
      With --link, connections are passed on as slowly as over that link, in real time; one relay is one \
      client's link, whatever passes it. Without, broadcasts, subscriptions and updates of all workers that \
      connect here share one set of connections to the broker, for fleets beyond one broker's connections; \
      relays may stand before relays. The two ports after each address are used as well. With --keys encryption \
      ends here and begins anew: the broker's allow-list names this relay with all clients that come through it, \
      --allow names its workers, and these trust the relay's .public file in place of the broker's. What isn't \
      passed on is told, once and then at ten, a hundred, a thousand times.
      """)

  @Option(help: "Whom to pass on to: tcp://HOST:PORT, as given to broker --bind.")
  var connect: String

  @Option(help: "Where workers connect: tcp://HOST:PORT.")
  var bind: String

  @Option(help: "The link to play: a preset, or with --topology one of its links.")
  var link: String?

  @Option(help: "A topology whose clients' links are played, with --client.")
  var topology: String?

  @Option(help: "Whose link is played, counted from 0.")
  var client: Int?

  @Option(help: "The seed of the link's chance.")
  var seed: UInt64 = 1

  @Flag(help: "Listen beyond this machine without encryption. Trust the network.")
  var insecure = false

  @OptionGroup var security: RelaySecurityOptions

  @Option(
    help: ArgumentHelp(
      "The topology's data.roundSamples, by which samples=N of --allow is rounded up.",
      valueName: "n"))
  var roundSamples: Int?

  func validate() throws {
    guard !insecure || security.keys == nil else {
      throw ValidationError("--insecure and --keys: give one of them")
    }
    guard security.keys == nil || (link == nil && topology == nil) else {
      throw ValidationError(
        "--keys: a link passes on what it can't read, as broker and workers encrypt it; leave it out"
      )
    }
    guard roundSamples.map({ (1...1_000_000).contains($0) && security.allow != nil }) ?? true
    else {
      throw ValidationError(
        "--round-samples: a number from 1 to 1000000, as the topology has it, beside --allow")
    }
    guard link == nil || topology == nil else {
      throw ValidationError("--link names a preset, --topology has its own; give one of them")
    }
    guard (topology == nil) == (client == nil) else {
      throw ValidationError("--topology and --client: a client's link takes both")
    }
    if let link, LinkPreset.named(link) == nil {
      let names = LinkPreset.all.map(\.name).joined(separator: ", ")
      throw ValidationError(
        LinkPreset.objection(to: link) ?? "--link \(link): there is none of this name, but \(names)"
      )
    }
  }

  func run() throws {
    try Exit.reporting {
      let place = try Endpoints(base: bind).resolvedForBinding()
      let isTier = link == nil && topology == nil
      guard place.isLocal || insecure || security.keys != nil else {
        throw EndpointError.exposed(bind, canEncrypt: isTier)
      }
      let stopped = DispatchSemaphore(value: 0)
      let interruption = Interruption { stopped.signal() }
      try withExtendedLifetime(interruption) {
        if let profile = try profile() {
          let (here, there) = (try StreamAddress(bind), try StreamAddress(connect))
          let relay = try LinkRelay(
            [
              LinkRelay.Line(
                listens: (0..<3).map(here.neighbour), leads: (0..<3).map(there.neighbour),
                link: profile, client: client ?? 0)
            ], run: RandomStream(seed: seed).stream("relay"))
          say("relaying a link from \(bind) to \(connect)")
          stopped.wait()
          relay.stop()
        } else {
          let context = try Context()
          defer { _ = context.terminate(within: .seconds(5)) }
          let keys = try security.load()
          let reload = security.reloading(keys)
          defer { withExtendedLifetime(reload) {} }
          let relay = try RelayTier(
            to: try Endpoints(base: connect), at: place, security: keys,
            sampleUnit: roundSamples ?? 1, in: context,
            report: { Terminal.note($0) })
          say("relaying from \(bind) to \(connect)")
          stopped.wait()
          relay.stop()
        }
      }
    }
  }

  /// The link to play; nil to stand for the broker.
  private func profile() throws -> DuplexProfile? {
    if let link { return LinkPreset.named(link)?.profile }
    guard let topology, let client else { return nil }
    let read = try Topology(contentsOf: topology, checksFiles: false)
    guard let group = read.fleet.groups.first(where: { $0.clients.contains(client) }) else {
      throw ValidationError(
        "--client \(client): \(topology) has clients 0 to \(read.clients - 1)")
    }
    return group.link(of: client)
  }

  private func say(_ text: String) {
    Terminal.note(text)
  }
}
