<?php
// What composer would write: the classes of the generated client, and Guzzle as Debian installs it.

declare(strict_types=1);

error_reporting(E_ALL);
// A warning is an error.
set_error_handler(function (int $level, string $words, string $file, int $line): never {
    throw new ErrorException($words, 0, $level, $file, $line);
});
require 'GuzzleHttp/autoload.php';
spl_autoload_register(function (string $class): void {
    $file = __DIR__ . '/src/' . str_replace('\\', '/', preg_replace('/^Journal\\\\/', '', $class)) . '.php';
    if (str_starts_with($class, 'Journal\\') && is_file($file)) {
        require $file;
    }
});
