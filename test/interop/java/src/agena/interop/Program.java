package agena.interop;

/** Runs the body of a main method and ends the process, whatever threads RocketMQ left behind. */
final class Program {
    interface Body {
        void run() throws Exception;
    }

    private Program() {
    }

    static void runAndExit(Body body) {
        int status = 0;
        try {
            body.run();
        } catch (Throwable failure) {
            failure.printStackTrace();
            status = 1;
        }
        System.out.flush();
        System.exit(status);
    }
}
