<?php
// Loads every class of the generated client, and prints how many there are: PHP compiles a file when it is loaded, and
// holds a class to its interfaces then.

declare(strict_types=1);

require __DIR__ . '/autoload.php';

$loaded = 0;
foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator(__DIR__ . '/src')) as $file) {
    if ($file->getExtension() === 'php') {
        $class = 'Journal' . str_replace([__DIR__ . '/src', '/', '.php'], ['', '\\', ''], $file->getPathname());
        class_exists($class) || interface_exists($class) || exit("$class is not in its file\n");
        $loaded++;
    }
}
echo "$loaded\n";
