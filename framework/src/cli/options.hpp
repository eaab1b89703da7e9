#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/positional_options.hpp>
#include <boost/program_options/variables_map.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace faceoff {

/// What the command line gave a command.
struct Arguments {
  std::vector<std::string> args;  ///< as they were said
  boost::program_options::variables_map values;

  bool has(const std::string& option) const { return values.contains(option); }
  /// Of an option that is given or has a default.
  const std::string& text(const std::string& option) const { return values[option].as<std::string>(); }
  double number(const std::string& option) const { return values[option].as<double>(); }
  std::int64_t integer(const std::string& option) const { return values[option].as<std::int64_t>(); }
  /// Of an option that may be repeated; none where it was not given.
  std::vector<std::string> texts(const std::string& option) const;
  /// Nothing where it was not given.
  std::optional<std::string> text_if(const std::string& option) const;

  // Options of several commands, which throw ConfigError where they are not what they should be.

  double minimum_score() const;
  double false_accept_rate() const;
  /// Seconds.
  double time_limit() const;
};

/// A command: what it takes, and what it does with it.
class Command {
 public:
  /// `usage`: "faceoff detect PICTURE…"; `about`: a line of help. `work` returns the exit code; what goes wrong is
  /// thrown as a faceoff::Error.
  Command(std::string usage, std::string about, int (*work)(const Arguments&));

  // Options, which --help shows.

  Command& flag(const char* name, const char* about);
  Command& text(const char* name, const char* about, const char* usual = nullptr);
  Command& number(const char* name, const char* about, std::optional<double> usual = {});
  Command& integer(const char* name, const char* about);
  /// One that may be repeated; or takes several at once.
  Command& texts(const char* name, const char* about, bool at_once = false);
  /// What stands on the command line without its option's name, `most` times at most (-1: any number).
  Command& operand(const char* name, int most);
  /// One that has to be there.
  Command& operand(const char* name, int most, const char* message) {
    return operand(name, most).needs({name}, message);
  }
  /// Options that have to be there: `message`, "detect needs a picture", is said before the usage where one is not.
  Command& needs(std::vector<std::string> names, const char* message);
  /// The options that this adds.
  Command& with(void (*add)(Command&)) { return add(*this), *this; }

  /// What --help, completions and the manual say of it.
  struct Option {
    std::string name, about;  ///< without dashes
    bool takes_value = false;
  };
  std::vector<Option> options() const;
  const std::string& usage() const { return usage_; }
  const std::string& about() const { return about_; }

  /// Reads the command line and does the work, or prints help. Throws ConfigError, with the option that may have been
  /// meant.
  int run(const std::vector<std::string>& args) const;

 private:
  /// What is given, help apart.
  Arguments parse(const std::vector<std::string>& args) const;

  std::string usage_, about_;
  int (*work_)(const Arguments&);
  boost::program_options::options_description options_, operands_;
  boost::program_options::positional_options_description places_;
  std::vector<std::string> needed_;
  std::string need_;
};

}  // namespace faceoff
