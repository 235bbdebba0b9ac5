import ArgumentParser
import Benchmarks
import Codecs
import Datasets
import Federation
import Foundation
import Ledger
import Live
import LocalTraining
import Models
import OneDNN
import Runtime
import Server
import Simulation
import Topology
import ZeroMQ

/// The exit statuses that the command uses: those of sysexits(3), and one beyond them.
enum Exit {
  /// A file is wrong.
  static let badInput = ExitCode(65)
  /// A peer, a file or a resource isn't there.
  static let unavailable = ExitCode(69)
  /// A bug of ours.
  static let bug = ExitCode(70)
  /// All rounds were run, but no update counted.
  static let fruitless = ExitCode(79)
  /// Interrupted; what was done is kept.
  static let interrupted = ExitCode(130)

  /// Has the process end without the destructors that its libraries have asked for so far.
  ///
  /// A training may still be at work when the command is through, after an error or an
  /// interruption; it would run on in code of oneDNN's that those destructors free. Handlers run in
  /// reverse, so this comes last (on_exit(3), _exit(2)).
  private static func leaveAtOnce() {
    // SAFETY: the handler takes a status and no argument; it is called once, when exit(3) is.
    _ = unsafe on_exit(
      { status, _ in
        fflush(nil)
        _exit(status)
      }, nil)
  }

  /// Runs `body`; an error goes to standard error in words, with the exit status that fits.
  static func reporting<Value>(_ body: () throws -> Value) throws -> Value {
    defer { leaveAtOnce() }
    defer { TrainerPrograms.endAll() }
    do {
      let value = try body()
      // What was printed may have gone nowhere, as to a full disk.
      if fflush(nil) != 0 {
        let path = URL(fileURLWithPath: "/dev/stdout")
        throw DurableFile.translated(POSIXError(.init(rawValue: errno) ?? .EIO), "write", path)
      }
      return value
    } catch let code as ExitCode {
      throw code
    } catch let wrongUse as ValidationError {
      throw wrongUse  // said with the command's usage, with status 64
    } catch {
      let error = translated(error)
      let status = status(of: error)
      var text = "progfed: \(error)\n"
      if status == bug {
        let version = Progfed.configuration.version
        text +=
          "this is a fault of progfed \(version) itself; please report it with the command and its files\n"
      }
      Terminal.write(text)
      throw status
    }
  }

  /// An error of Foundation's, which files cause, as one that says what to do; others as they are.
  private static func translated(_ error: any Error) -> any Error {
    guard error is CocoaError || error is POSIXError else { return error }
    let path = (error as? CocoaError)?.filePath ?? (error as? CocoaError)?.url?.path
    return DurableFile.translated(
      error, "opening, reading or writing", URL(fileURLWithPath: path ?? "."))
  }

  /// The exit status that fits an error.
  static func status(of error: any Error) -> ExitCode {
    switch error {
    case SweepError.fruitless: fruitless
    case SweepError.failed(_, _, let status): ExitCode(status)
    case EndpointError.malformed, RelayError.malformed: .validationFailure
    case let error as DNNLError where error.isOutOfMemory: unavailable
    case is ClientStoreError, is ConnectionBenchmarkError: unavailable
    case is DivergedModel: badInput
    case is TopologyError, is SweepError, is PartitionError, is ModelError, is PredictionError:
      badInput
    case is ResumptionError, LedgerError.damaged, LedgerError.newer: badInput
    case DatasetError.interrupted: interrupted
    case DatasetError.missing, DatasetError.unwritable, StartingFileError.missing: unavailable
    case is DatasetError, is StartingFileError: badInput
    case is LackingSamples, is ClientPathsError: .validationFailure
    case TrainerStartError.noProgram, TrainerStartError.otherModel,
      TrainerStartError.unsupported:
      badInput
    case is TrainerStartError: unavailable
    case KeyFileError.exists, KeyFileError.unwritable: unavailable
    case is KeyFileError, is AllowListError: badInput
    case is UnresolvedName: unavailable
    case is ZMQError, is LedgerError, is EndpointError, is LiveError, is RelayError: unavailable
    case is ControlError, is ControlFault: unavailable
    case LocalRunError.tooManyLinks: badInput
    case SimulationError.costModelOfDeltas, SimulationError.cannotGoOn:
      badInput
    case is DNNLError, is CodecError: bug
    default: bug
    }
  }
}
