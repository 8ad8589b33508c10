package agena.interop;

import org.apache.rocketmq.broker.BrokerController;
import org.apache.rocketmq.broker.BrokerStartup;
import org.apache.rocketmq.namesrv.NamesrvStartup;

/**
 * Runs Apache RocketMQ's name server, its broker, or both in one process.
 * Arguments: `namesrv FILE` and `broker FILE`, each with its properties file, in this order.
 * Prints `ready` when all of them serve; ends, and shuts them down, on SIGTERM.
 */
public final class PeerHost {
    private static final long REGISTER_TIMEOUT_MS = 30_000;

    private PeerHost() {
    }

    public static void main(String[] args) throws Exception {
        for (int at = 0; at + 1 < args.length; at += 2) {
            String[] options = {"-c", args[at + 1]};
            if (args[at].equals("namesrv")) {
                NamesrvStartup.main0(options);
            } else {
                BrokerController broker = BrokerStartup.createBrokerController(options);
                BrokerStartup.start(broker);
                awaitRegistered(broker);
            }
        }
        System.out.println("ready");
        System.out.flush();
    }

    /** Registers at once: by itself the broker may take until its first timer, ten seconds later. */
    private static void awaitRegistered(BrokerController broker) throws Exception {
        String name = broker.getBrokerConfig().getBrokerName();
        long deadline = System.currentTimeMillis() + REGISTER_TIMEOUT_MS;
        while (!broker.getBrokerOuterAPI().getBrokerClusterInfo().getBrokerAddrTable().containsKey(name)) {
            if (System.currentTimeMillis() > deadline) {
                throw new IllegalStateException("the name server does not list " + name);
            }
            broker.registerBrokerAll(true, false, true);
            Thread.sleep(100);
        }
    }
}
