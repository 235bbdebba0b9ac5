import Foundation
import Measures
import Programs
import Tensors
import Topology

/// One trainer program that runs, and the folder of its files.
///
/// SAFETY of `@unchecked Sendable`: one thread at a time uses it; ``TrainerPrograms`` hands it on
/// under a lock.
final class TrainerSession: @unchecked Sendable {
  /// An answer's members.
  typealias Answer = [String: OptionValue]

  let folder: TrainerFolder
  private let program: ChildProgram
  private let limits: TrainerProgram
  private var id = 0

  /// The time that a program which isn't needed any more has to end.
  private static let parting = Duration.seconds(5)

  /// The time that a program has for an answer which isn't needed any more.
  private static let patience = Duration.seconds(10)
  /// The time after which it is looked again whether an answer is still needed.
  private static let glance = Duration.milliseconds(500)

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - launch: The command and its environment.
  ///   - limits: The waiting times.
  ///   - bytes: The bytes of a model's file.
  /// - Throws: ``TrainerFault/notStarted(_:)``.
  init(
    _ launch: ChildProgram.Launch, limits: TrainerProgram, bytes: Int
  ) throws(TrainerFault) {
    self.limits = limits
    do { folder = try TrainerFolder(bytes: 2 * bytes) } catch {
      throw .notStarted("no folder for its files: \(error.localizedDescription)")
    }
    do throws(ChildProgramError) { program = try ChildProgram(launch) } catch {
      throw Self.fault(error, after: .zero)
    }
  }

  /// The last lines that it wrote to standard error.
  var lastWords: [String] { program.lastWords() }

  /// Has the program end, or ends it.
  func end() {
    let quit = Array("{\"call\":\"quit\"}".utf8)
    try? program.send(quit, until: .now + .milliseconds(200))
    program.end(within: Self.parting)
  }

  /// Ends the program at once.
  func kill() { program.end(within: .zero) }

  /// Asks for something and waits for the answer.
  ///
  /// - Parameters:
  ///   - call: What is asked for.
  ///   - members: The other members of the request.
  ///   - isStart: True for the first request, which waits for the program's start.
  ///   - isCancelled: Asked now and then whether the answer is still needed.
  /// - Returns: The answer's members.
  /// - Throws: What went wrong; after all but ``TrainerFault/answered(_:detail:)`` the program is
  ///   of no use any more.
  func ask(
    _ call: String, _ members: Answer, isStart: Bool = false,
    isCancelled: () -> Bool = { false }
  ) throws(TrainerFault) -> Answer {
    id += 1
    let request = members.merging(["call": .text(call), "id": .whole(id)]) { $1 }
    let (most, quiet) = isStart ? (limits.start, limits.start) : (limits.time, limits.silence)
    let clock = ContinuousClock()
    let begin = clock.now
    var heard = begin
    var cancelled: ContinuousClock.Instant?
    // The first line before the first answer that is none, which is told if no answer comes.
    var greeting: TrainerFault?
    do throws(ChildProgramError) {
      try program.send(Self.line(request), until: begin + min(most, quiet))
    } catch { throw Self.fault(error, after: min(most, quiet)) }
    while true {
      if cancelled == nil, isCancelled() {
        cancelled = clock.now
        let request = Self.line(["call": .text("cancel"), "id": .whole(id)])
        try? program.send(request, until: clock.now + .milliseconds(200))
      }
      let line: [UInt8]
      do throws(ChildProgramError) {
        let deadline = min(begin + most, heard + quiet)
        guard let next = try program.receive(until: min(deadline, clock.now + Self.glance)) else {
          if let cancelled, clock.now - cancelled > Self.patience { throw ChildProgramError.silent }
          if clock.now < deadline { continue }
          throw ChildProgramError.silent
        }
        line = next
      } catch {
        if let greeting, error != .tooLong { throw greeting }
        throw cancelled == nil ? Self.fault(error, after: clock.now - heard) : .cancelled
      }
      heard = clock.now
      guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { continue }
      let answer: Answer
      do throws(TrainerFault) { answer = try Self.answer(line, mayGreet: isStart) } catch {
        guard isStart else { throw error }
        greeting = greeting ?? error
        continue
      }
      if case .text(let word)? = answer["error"] {
        throw .answered(Self.shown(word), detail: Self.shown(answer["detail"]?.words ?? ""))
      }
      guard answer["id"] == .whole(id) else {
        throw .nonsense("its id isn't that of the request")
      }
      if answer["progress"] == nil { return answer }
    }
  }

  private static func line(_ request: Answer) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // All numbers in it are finite.
    return (try? encoder.encode(OptionValue.section(request))).map { Array($0) } ?? []
  }

  /// The answer in a line; one without `id` is none where libraries may greet.
  private static func answer(
    _ line: [UInt8], mayGreet: Bool
  ) throws(TrainerFault) -> Answer {
    guard
      case .section(let answer)? = try? JSONDecoder().decode(OptionValue.self, from: Data(line)),
      !mayGreet || answer["id"] != nil
    else {
      let text = shown(String(decoding: line.prefix(200), as: UTF8.self))
      throw .nonsense("“\(text)” isn't an object of JSON" + (mayGreet ? " with an id" : ""))
    }
    return answer
  }

  /// A text on one line and not too long.
  private static func shown(_ text: String) -> String {
    let line = text.unicodeScalars.prefix(400).map {
      $0.properties.generalCategory == .control ? " " : String($0)
    }
    return line.joined()
  }

  private static func fault(_ error: ChildProgramError, after time: Duration) -> TrainerFault {
    switch error {
    case .notStarted(let reason): .notStarted(reason)
    case .ended(let words): .ended(words)
    case .silent: .silent(time)
    case .tooLong: .nonsense("a line of more than \(ChildProgram.lineLimit >> 20) MiB")
    }
  }
}

extension OptionValue {
  /// The number, if it is a whole one.
  var whole: Int? { if case .whole(let value) = self { value } else { nil } }

  /// The number, whole or not.
  var number: Double? {
    switch self {
    case .whole(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The text.
  var words: String? { if case .text(let value) = self { value } else { nil } }
}
