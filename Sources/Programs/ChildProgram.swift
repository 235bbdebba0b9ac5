import Dispatch
import Foundation
import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// A program that is started once and spoken with line by line.
///
/// Its standard input takes lines, its standard output gives lines, and the last of its standard
/// error is kept. Nothing waits longer than it is told to. The program has a process group of its
/// own, which ends with it.
///
/// SAFETY of `@unchecked Sendable`: one thread at a time uses it, as its owners hand it on under a
/// lock; what the task that started the program shares with it lies behind a lock of its own.
package final class ChildProgram: @unchecked Sendable {
  /// The program's command, environment and bounds.
  package struct Launch: Sendable {
    /// The program and its arguments.
    package var command: [String]
    /// The folder in which it is started; nil for the present one.
    package var folder: String?
    /// The variables of its environment beside those of this process.
    package var environment: [String: String] = [:]
    /// The most bytes of its address space; nil for any.
    package var memory: Int?

    /// A launch of `command`, which isn't empty.
    package init(_ command: [String]) { self.command = command }
  }

  /// The most bytes of a line, its end included.
  package static let lineLimit = 16 << 20
  /// The most bytes of standard error that are kept.
  package static let errorLimit = 64 << 10

  private let process: ChildProcess
  private var input: Descriptor?
  private let output: Descriptor
  private let errors: Descriptor
  private var pending: [UInt8] = []
  /// The place in `pending` up to which no line feed is.
  private var searched = 0
  private var said: [UInt8] = []
  private var hasEndedOutput = false
  private var hasEndedErrors = false

  /// Starts a program, and waits until it runs.
  ///
  /// - Throws: ``ChildProgramError/notStarted(_:)``.
  package init(_ launch: Launch) throws(ChildProgramError) {
    precondition(!launch.command.isEmpty, "a command without words")
    let (own, its) = try Descriptor.socketPair()
    let (output, writesOutput) = try Descriptor.pipe()
    let (errors, writesErrors) = try Descriptor.pipe()
    for descriptor in [own, output, errors] { descriptor.neverWaits() }
    input = own
    self.output = output
    self.errors = errors
    process = try ChildProcess(launch, input: its, output: writesOutput, errors: writesErrors)
  }

  deinit { process.end(within: .zero) }

  /// The last lines of standard error that aren't empty, at most so many.
  package func lastWords(lines: Int = 5) -> [String] {
    drain()
    let text = String(decoding: said, as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).suffix(lines).map(String.init)
  }

  /// Sends one line.
  ///
  /// - Throws: ``ChildProgramError/ended(_:)``, ``ChildProgramError/silent`` where it isn't read in
  ///   time.
  package func send(
    _ line: [UInt8], until deadline: ContinuousClock.Instant
  ) throws(ChildProgramError) {
    var rest = (line + [UInt8(ascii: "\n")])[...]
    while !rest.isEmpty {
      guard let input else { throw ended() }
      switch input.send(rest) {
      case .bytes(let count): rest = rest.dropFirst(count)
      case .later: try wait(forRoom: true, until: deadline)
      case .ended: throw ended()
      }
    }
  }

  /// The next line, without its end; nil if none came until then.
  ///
  /// - Throws: ``ChildProgramError/ended(_:)`` once its output has ended,
  ///   ``ChildProgramError/tooLong`` for a line beyond the limit.
  package func receive(
    until deadline: ContinuousClock.Instant
  ) throws(ChildProgramError) -> [UInt8]? {
    while true {
      if let line = try takeLine() { return line }
      guard !hasEndedOutput else { throw ended() }
      do throws(ChildProgramError) { try wait(forRoom: false, until: deadline) } catch {
        guard error == .silent else { throw error }
        return nil
      }
    }
  }

  /// Closes its input, gives it so long to end, and then kills all that it has started.
  package func end(within patience: Duration) {
    input = nil
    let deadline = ContinuousClock.now + patience
    // A program that writes to a full pipe could not end.
    while !hasEndedOutput, ContinuousClock.now < deadline {
      do throws(ChildProgramError) { try wait(forRoom: false, until: deadline) } catch { break }
      pending = []
      searched = 0
    }
    process.end(within: .zero)
  }

  // MARK: Lines

  private func takeLine() throws(ChildProgramError) -> [UInt8]? {
    if let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
      guard end < Self.lineLimit else { throw .tooLong }
      let line = Array(pending[..<end])
      pending.removeFirst(end + 1)
      searched = 0
      return line
    }
    searched = pending.count
    guard pending.count < Self.lineLimit else { throw .tooLong }
    return nil
  }

  /// Waits until there is something to read, or room to write, and reads what there is.
  private func wait(
    forRoom: Bool, until deadline: ContinuousClock.Instant
  ) throws(ChildProgramError) {
    let left = deadline - .now
    guard left > .zero else { throw .silent }
    let milliseconds = left < .milliseconds(500) ? Int(left / .milliseconds(1)) + 1 : 500
    var polled = [
      pollfd(fd: hasEndedOutput ? -1 : output.number, events: Int16(POLLIN), revents: 0),
      pollfd(fd: hasEndedErrors ? -1 : errors.number, events: Int16(POLLIN), revents: 0),
      pollfd(fd: forRoom ? input?.number ?? -1 : -1, events: Int16(POLLOUT), revents: 0),
    ]
    // SAFETY: the list is as long as its count says, and lives during the call.
    _ = unsafe poll(&polled, nfds_t(polled.count), Int32(milliseconds))
    drain()
  }

  /// Reads what there is, of output one piece at a time.
  private func drain() {
    var buffer: [UInt8] = Array(repeating: 0, count: 64 << 10)
    if !hasEndedOutput {
      switch output.read(into: &buffer) {
      case .bytes(let count): pending += buffer.prefix(count)
      case .later: break
      case .ended: hasEndedOutput = true
      }
    }
    // No program writes faster than this is read for ever.
    for _ in 0..<64 {
      guard !hasEndedErrors else { return }
      switch errors.read(into: &buffer) {
      case .bytes(let count): said += buffer.prefix(count)
      case .later: return
      case .ended: hasEndedErrors = true
      }
      if said.count > 2 * Self.errorLimit { said.removeFirst(said.count - Self.errorLimit) }
    }
  }

  private func ended() -> ChildProgramError {
    let end = process.end(within: .seconds(2))
    drain()
    return .ended(end)
  }
}

/// A reason for which nothing can be said to a program, or heard of it.
package enum ChildProgramError: Error, Hashable, Sendable {
  /// It couldn't be started, for this reason.
  case notStarted(String)
  /// It ended, in the words of people: "status 1".
  case ended(String)
  /// It neither read nor wrote in time.
  case silent
  /// It wrote a line without an end.
  case tooLong
}

/// Runs the tasks that look after programs on Dispatch, so that threads that wait for a program
/// can't keep them from it.
private final class DispatchExecutor: TaskExecutor {
  static let shared = DispatchExecutor()

  private let queue = DispatchQueue(label: "progfed.programs", attributes: .concurrent)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { [self] in unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
  }
}

/// A process that runs until it ends or is ended, and the task that looks after it.
private final class ChildProcess: Sendable {
  private enum Order { case kill }

  private struct State {
    var number: pid_t?
    var failure: String?
    var end: String?
  }

  private let state = Mutex(State())
  private let started = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)
  private let orders: AsyncStream<Order>.Continuation

  init(
    _ launch: ChildProgram.Launch, input: Descriptor, output: Descriptor, errors: Descriptor
  ) throws(ChildProgramError) {
    let (stream, orders) = AsyncStream<Order>.makeStream()
    self.orders = orders
    let configuration = Self.configuration(launch)
    Task.detached(executorPreference: DispatchExecutor.shared) { [self] in
      defer { withExtendedLifetime((input, output, errors)) {} }
      do {
        let result = try await Subprocess.run(
          configuration,
          input: .fileDescriptor(
            FileDescriptor(rawValue: input.number), closeAfterSpawningProcess: false),
          output: .fileDescriptor(
            FileDescriptor(rawValue: output.number), closeAfterSpawningProcess: false),
          error: .fileDescriptor(
            FileDescriptor(rawValue: errors.number), closeAfterSpawningProcess: false)
        ) { execution in
          // Only the program holds its ends from now on, so that their end is its own.
          for descriptor in [input, output, errors] { descriptor.close() }
          state.withLock { $0.number = execution.processIdentifier.value }
          started.signal()
          for await _ in stream {
            try? execution.send(signal: .kill, toProcessGroup: true)
          }
        }
        let words =
          switch result.terminationStatus {
          case .exited(let status): "status \(status)"
          case .signaled(let signal): "signal \(signal)"
          }
        state.withLock { $0.end = words }
      } catch {
        state.withLock { $0.failure = "\(error)" }
        started.signal()
      }
      ended.signal()
    }
    started.wait()
    if let failure = state.withLock(\.failure) { throw .notStarted(failure) }
  }

  private static func configuration(_ launch: ChildProgram.Launch) -> Configuration {
    var options = PlatformOptions()
    options.processGroupID = 0
    var (name, arguments) = (launch.command[0], Array(launch.command.dropFirst()))
    if let memory = launch.memory {
      // The shell sets the bound on itself, and becomes the program.
      arguments = ["-c", "ulimit -v \(memory >> 10) && exec \"$@\"", "sh"] + launch.command
      name = "/bin/sh"
    }
    var path = name
    if let folder = launch.folder, name.contains("/"), !name.hasPrefix("/") {
      path = "\(folder)/\(name)"
    }
    var environment: [Environment.Key: String?] = [:]
    for (key, value) in launch.environment {
      environment[Environment.Key(stringLiteral: key)] = value
    }
    return Configuration(
      executable: path.contains("/") ? .path(FilePath(path)) : .name(path),
      arguments: Arguments(arguments),
      environment: .inherit.updating(environment),
      workingDirectory: launch.folder.map { FilePath($0) }, platformOptions: options)
  }

  /// Ends the process's group after so long, and says how the process ended.
  @discardableResult
  func end(within patience: Duration) -> String {
    if let end = state.withLock(\.end) { return end }
    let deadline = ContinuousClock.now + patience
    while !hasExited, ContinuousClock.now < deadline { usleep(2000) }
    orders.yield(.kill)
    orders.finish()
    ended.wait()
    ended.signal()
    return state.withLock { $0.end ?? $0.failure ?? "no status" }
  }

  /// True once the process has ended, though nobody has asked for its status.
  private var hasExited: Bool {
    guard let number = state.withLock(\.number) else { return true }
    var facts = unsafe siginfo_t()
    // SAFETY: the system fills the structure during the call.
    let result = unsafe waitid(P_PID, id_t(number), &facts, WEXITED | WNOHANG | WNOWAIT)
    return unsafe result != 0 || facts.si_signo == SIGCHLD
  }
}
