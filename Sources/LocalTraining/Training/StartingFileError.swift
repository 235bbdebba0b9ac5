package import Ledger
package import Models
package import Tensors

/// A reason for which a run can't start from a file.
package enum StartingFileError: Error, Hashable, Sendable {
  /// Nothing lies there.
  case missing(path: String)
  /// The system refused to open or read it.
  case unreadable(path: String, LedgerError)
  /// It is what torch.save writes.
  case archive(path: String)
  /// It is a run directory, which holds models of these names.
  case isRun(path: String, models: [String])
  /// It holds more than the model's tensors can take, in bytes.
  case tooLarge(path: String, limit: Int, model: String)
  /// It isn't a safetensors file.
  case format(path: String, SafeTensorsError)
  /// Its tensors aren't the model's.
  case tensors(path: String, StartingModelError)
}

extension StartingFileError: CustomStringConvertible {
  /// The message: the file, the fault and the remedy.
  package var description: String {
    switch self {
    case .missing(let path):
      "\(path): the model to start from isn't there; check --from or model.from"
    case .unreadable(_, let error): "\(error)"
    case .archive(let path):
      "\(path): is a zip archive, as torch.save writes it; in Python, write it with "
        + "safetensors.torch.save_file(model.state_dict(), \"model.safetensors\")"
    case .isRun(let path, let models):
      models.isEmpty
        ? "\(path): a run directory without a model; let the run end first, or go on with --resume"
        : "\(path): a run directory; name a model in it: "
          + models.map { "\(path.hasSuffix("/") ? path : path + "/")\($0)" }.joined(
            separator: " or ")
    case .tooLarge(let path, let limit, let model):
      "\(path): holds more than the \(limit) bytes that \(model)'s tensors can take; "
        + "choose the model and the options that it was made with"
    case .format(let path, let error): "\(path): \(error)"
    case .tensors(let path, let error): "\(path): \(error)"
    }
  }
}
