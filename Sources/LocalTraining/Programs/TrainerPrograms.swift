import Datasets
package import Federation
import Foundation
import Measures
import Models
import Programs
import Synchronization
import Tensors
package import Topology
import Wire

/// The trainer programs of this process: any of them computes for any of its clients.
///
/// One is started when none is idle, and kept: there are as many as clients compute at the same
/// time.
package final class TrainerPrograms: Sendable {
  private struct State {
    var idle: [TrainerSession] = []
    /// The number of programs that were started.
    var started = 0
    var isEnded = false
  }

  let topology: Topology
  let paths: ClientPaths?
  private let program: TrainerProgram
  private let said: @Sendable (String) -> Void
  private let state = Mutex(State())
  /// The numbers of each client's samples, or the reason for which it declines.
  private let told = Mutex<[Int: Result<SampleCounts, TrainerFault>]>([:])

  private struct Reference {
    weak var programs: TrainerPrograms?
  }

  /// All that this process has, so that none outlives it.
  private static let all = Mutex<[Reference]>([])

  /// Starts a program, and asks it for its model and for the samples of `clients`.
  ///
  /// - Parameters:
  ///   - topology: What is trained, and by which program.
  ///   - clients: The clients of this process.
  ///   - paths: The places of the clients' samples; nil where the program finds them itself.
  ///   - said: Is told what people on this machine should know.
  /// - Throws: ``TrainerStartError``.
  package init(
    _ topology: Topology, of clients: [Int], at paths: ClientPaths?,
    said: @escaping @Sendable (String) -> Void
  ) throws(TrainerStartError) {
    guard let program = topology.training.program else {
      throw .noProgram(topology: topology.file)
    }
    self.topology = topology
    self.paths = paths
    self.program = program
    self.said = said
    let session = try begin()
    do throws(TrainerFault) {
      for client in clients { try count(client, by: session) }
    } catch {
      let words = session.lastWords
      session.kill()
      throw .failed(program: name, problem: error.detail, words: words)
    }
    giveBack(session)
    Self.all.withLock { all in
      all = all.filter { $0.programs != nil } + [Reference(programs: self)]
    }
  }

  deinit { end() }

  /// Has all programs of this process end that have nothing to do.
  package static func endAll() {
    for reference in all.withLock(\.self) { reference.programs?.end() }
  }

  /// The program's name, for people.
  private var name: String { program.command.joined(separator: " ") }

  /// Has all programs end that have nothing to do; those that have end with their work.
  package func end() {
    let idle = state.withLock { state in
      state.isEnded = true
      defer { state.idle = [] }
      return state.idle
    }
    for session in idle { session.end() }
  }

  /// A learner for which these programs compute.
  func learner(of client: Int) -> ProgramLearner { ProgramLearner(programs: self, client: client) }

  /// The numbers of a client's samples; nil where there is none of use.
  func counts(of client: Int) -> SampleCounts? {
    try? told.withLock { $0[client] }?.get()
  }

  /// The numbers of a client's samples as it tells them, or the reason for which it declines.
  package func holding(of client: Int) -> ClientHolding {
    switch told.withLock({ $0[client] }) {
    case .success(let counts)?:
      let unit = topology.data.telling.unit
      return .own(
        SampleCounts(
          training: counts.training.told(by: unit), heldOut: counts.heldOut.told(by: unit)))
    case .failure(let fault)?: return .unusable(fault.reason, detail: "\(fault)")
    case nil: return .unusable(.noData, detail: "it isn't a client of this process")
    }
  }

  /// Has a program that is idle, or a new one, do `work`, for `what` as people are told.
  ///
  /// One that ends in the middle is asked again once, in another process: who kills a program, or
  /// the system for want of memory, changes nothing of what comes of it.
  func ask<Value>(
    for what: String, _ work: (TrainerSession) throws(TrainerFault) -> Value
  ) throws(TrainerFault) -> Value {
    var isSecond = false
    while true {
      let session: TrainerSession
      do throws(TrainerFault) { session = try take() } catch {
        said("\(what): \(name): \(error.detail)")
        throw error
      }
      do throws(TrainerFault) {
        let value = try work(session)
        giveBack(session)
        return value
      } catch {
        let words = error.leavesProgram ? [] : session.lastWords
        if error.leavesProgram { giveBack(session) } else { session.kill() }
        if case .answered("cancelled", _) = error { throw error }
        var line = "\(what): \(name): \(error.detail)"
        if !words.isEmpty { line += "; its last words: " + words.joined(separator: " | ") }
        guard case .ended = error, !isSecond else {
          said(line)
          throw error
        }
        said(line + "; it is started again")
        isSecond = true
      }
    }
  }

  /// A program that is idle, or a new one.
  private func take() throws(TrainerFault) -> TrainerSession {
    if let idle = state.withLock({ $0.idle.popLast() }) { return idle }
    let session = try start()
    do throws(TrainerFault) { _ = try describe(session) } catch {
      session.kill()
      throw error
    }
    return session
  }

  private func giveBack(_ session: TrainerSession) {
    let isKept = state.withLock { state in
      if !state.isEnded { state.idle.append(session) }
      return !state.isEnded
    }
    if !isKept { session.end() }
  }

  // MARK: Start

  private func start() throws(TrainerFault) -> TrainerSession {
    let number = state.withLock { state in
      defer { state.started += 1 }
      return state.started
    }
    let layouts = topology.architecture.allLayouts
    return try TrainerSession(
      TrainerLaunch.launch(program, beside: topology.file, number: number), limits: program,
      bytes: 4 * layouts.reduce(0) { $0 + $1.count })
  }

  /// The first program, whose model is that of the topology.
  private func begin() throws(TrainerStartError) -> TrainerSession {
    let session: TrainerSession
    do throws(TrainerFault) { session = try start() } catch {
      throw .failed(program: name, problem: error.detail, words: [])
    }
    let manifest: ModelManifest
    let support: TrainerSupport
    do throws(TrainerFault) {
      let answer = try describe(session)
      manifest = try TrainerLaunch.manifest(answer)
      support = TrainerSupport(answer)
    } catch {
      let words = session.lastWords
      session.kill()
      throw .failed(program: name, problem: error.detail, words: words)
    }
    if let difference = topology.architecture.manifest?.difference(from: manifest) {
      session.end()
      throw .otherModel(program: name, difference: difference)
    }
    if let lack = support.lack(for: topology) {
      session.end()
      throw .unsupported(topology: topology.file, key: lack.key, word: lack.word)
    }
    return session
  }

  private func describe(_ session: TrainerSession) throws(TrainerFault) -> TrainerSession.Answer {
    try TrainerLaunch.describe(session, options: topology.training.options)
  }

  /// Asks for the number of a client's samples.
  private func count(_ client: Int, by session: TrainerSession) throws(TrainerFault) {
    let result: Result<SampleCounts, TrainerFault>
    do throws(TrainerFault) {
      let answer = try session.ask("count", samples(of: client))
      guard let samples = answer["samples"]?.whole, let heldOut = answer["heldOut"]?.whole,
        (0...1 << 40).contains(samples), (0...1 << 40).contains(heldOut)
      else { throw TrainerFault.nonsense("samples and heldOut aren't whole numbers") }
      result = .success(SampleCounts(training: samples, heldOut: heldOut))
    } catch {
      guard error.leavesProgram else { throw error }
      said("client \(client) takes no part: \(name): \(error.detail)")
      result = .failure(error)
    }
    told.withLock { $0[client] = result }
  }

  /// The members of a request that say whose samples are meant.
  func samples(of client: Int) -> TrainerSession.Answer {
    let split = RandomStream(seed: topology.data.holdOutSeed).stream("trainer.split", client)
    return [
      "client": .whole(client), "clients": .whole(topology.clients),
      "data": paths.map { .text(URL(fileURLWithPath: $0[client]).path(percentEncoded: false)) }
        ?? .null,
      "samples": .null, "holdOut": .number(topology.data.holdOut.share),
      "splitSeed": .whole(Int(split.key >> 11)), "options": .section(topology.training.options),
    ]
  }
}
